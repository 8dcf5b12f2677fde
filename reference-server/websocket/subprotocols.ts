import type { IncomingMessage } from 'node:http'
import { HttpError } from '../http/errors.ts'
import { tokenSubprotocolPrefix } from '../token-check.ts'

/** The first that the server knows; a browser takes no connection on which none of its offers was chosen. */
export function chooseSubprotocol(known: readonly string[], offered: ReadonlySet<string>): string | false {
  const carriesToken = (name: string) => name.startsWith(tokenSubprotocolPrefix)
  return known.find((name) => offered.has(name)) ?? [...offered].find(carriesToken) ?? false
}

/** @throws HttpError 400 for an offer in which none is known. */
export function checkSubprotocols(known: readonly string[], request: IncomingMessage): void {
  const offered = request.headers['sec-websocket-protocol']
  if (offered === undefined) return
  const names = offered.split(',').map((name) => name.trim())
  if (names.some((name) => known.includes(name))) return
  // One that carries a token asks for no way to speak.
  if (names.every((name) => name.startsWith(tokenSubprotocolPrefix))) return
  const message = `none of the subprotocols is known; there are ${known.join(' and ')}`
  throw new HttpError(400, 'invalid_request', message)
}
