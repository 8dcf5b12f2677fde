/** What a terminal must never be sent of what others wrote. */

/** Our own colours: on, off, bold, dim, struck through. */
const ESCAPE = '\u001b'
const OWN = new RegExp(`${ESCAPE}\\[(?:1|2|9|22|29|3[1-6]|39)m`, 'g')
/** Control characters but for the line's end, invisible ones that reorder or hide text, and halves of characters. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u

/** Throws where the text could do more than stand there. */
export function expectSafe(text: string, isColoured = false): void {
  const own = isColoured ? text.replace(OWN, '') : text
  const found = UNSAFE.exec(own.replaceAll('\n', ''))
  if (!found) return
  const code = found[0].codePointAt(0)!.toString(16)
  throw new Error(
    `U+${code} would be printed: ${JSON.stringify(own.slice(Math.max(0, found.index - 40), found.index + 40))}`,
  )
}
