/** What a glance at a message tells, before it is read: parsing it would cost what the call's own stamps measure. */

/** Where an id or a token is looked for: at the beginning of a message, and at its end. */
const HEAD_CHARACTERS = 160
const TAIL_CHARACTERS = 40

const PROGRESS_TOKEN = /"progressToken":\s*(\d+)/
const FIRST_ID = /^\s*\{\s*(?:"jsonrpc":\s*"2\.0",\s*)?"id":\s*(\d+)/
const LAST_ID = /"id":\s*(\d+)\s*(?:,\s*"jsonrpc":\s*"2\.0"\s*)?\}\s*$/

/** The id of a request or a reply, or the token of a progress; null where it does not show. */
export function glimpsedId(text: string): number | null {
  const head = text.length > HEAD_CHARACTERS ? text.slice(0, HEAD_CHARACTERS) : text
  const found = head.includes('"notifications/')
    ? PROGRESS_TOKEN.exec(head)
    : (FIRST_ID.exec(head) ?? LAST_ID.exec(text.slice(-TAIL_CHARACTERS)))
  return found ? Number(found[1]) : null
}
