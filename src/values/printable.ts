/**
 * Foreign text made fit for a terminal, line by line as it is: control and formatting characters (escape sequences, text
 * that runs backwards) and halves of characters become one visible character each, so that carets still point at the
 * right column.
 */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\t', ' ')
    .replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
}
