import { stripVTControlCharacters } from 'node:util'

/** As much as a person reads of a message in a table. */
const MAX_LENGTH = 500

/**
 * Text from outside (server messages, names in files) made safe to print: on one line, without escape
 * sequences, control characters, or the invisible ones that reorder or hide what stands around them.
 */
export function clean(text: string): string {
  const cleaned = stripVTControlCharacters(text.slice(0, MAX_LENGTH).toWellFormed())
    .replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, '')
    // What stood between two spaces may be gone.
    .replace(/ {2,}/g, ' ')
    .trim()
  return text.length > MAX_LENGTH ? `${cleaned}…` : cleaned
}

/** The same characters in JSON, where nothing may get lost: escaped. */
export function escapeInvisible(json: string): string {
  return json.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
