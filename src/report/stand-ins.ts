const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const ASCII = /^[\0-\x7f]*$/
const FIRST = 0xe000
const LAST = 0xf8fe
/** Takes the place of a second column. */
const SECOND = '\uf8ff'
const STAND_INS = /([\ue000-\uf8fe])\uf8ff?/g

/**
 * The table library measures by a table of its own what a character takes in a terminal, and pads by it. So it lays
 * out stand-ins of one column each, and what they stand for is put in their places afterwards.
 */
export class StandIns {
  readonly #width: (grapheme: string) => number
  readonly #places = new Map<string, string>()
  readonly #graphemes: string[] = []

  /** @param width Columns that a grapheme takes: 1 or 2. */
  constructor(width: (grapheme: string) => number) {
    this.#width = width
  }

  put(text: string): string {
    if (ASCII.test(text)) return text
    let put = ''
    for (const { segment } of graphemes.segment(text))
      put += ASCII.test(segment) ? segment : this.#of(segment)
    return put
  }

  takeBack(text: string): string {
    return text.replace(STAND_INS, (_, place: string) => this.#graphemes[place.charCodeAt(0) - FIRST] ?? '')
  }

  #of(grapheme: string): string {
    const known = this.#places.get(grapheme)
    if (known !== undefined) return known
    const place = FIRST + this.#graphemes.length
    // A table of more different characters than there are stand-ins is not for people to read.
    if (place > LAST) return '?'.repeat(this.#width(grapheme))
    this.#graphemes.push(grapheme)
    const put = this.#width(grapheme) === 2 ? String.fromCharCode(place) + SECOND : String.fromCharCode(place)
    this.#places.set(grapheme, put)
    return put
  }
}
