/** Where a JSON text stops being JSON; 1-based, in UTF-16 units. */
export interface Place {
  line: number
  column: number
}

type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'comma or end'

const SPACE = /[ \t\n\r]*/y
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const FIRST_PRINTABLE = 0x20

/**
 * Finds the place of the first error in a text that `JSON.parse` refused: its own messages tell it only
 * sometimes. Null where the text is sound.
 */
export function jsonErrorPlace(text: string): Place | null {
  const offset = new Scanner(text).errorOffset()
  if (offset === null) return null
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

/** Walks a JSON text without recursion, so that no nesting is too deep for it. */
class Scanner {
  readonly #text: string
  readonly #open: ('{' | '[')[] = []
  #position = 0
  #expected: Expected = 'value'

  constructor(text: string) {
    this.#text = text
  }

  errorOffset(): number | null {
    for (;;) {
      this.#match(SPACE)
      const character = this.#text[this.#position]
      if (this.#expected === 'comma or end' && this.#open.length === 0) {
        return character === undefined ? null : this.#position
      }
      if (!this.#step(character)) return this.#position
    }
  }

  /** False where the text breaks; the position is there. */
  #step(character: string | undefined): boolean {
    const expected = this.#expected
    if (expected.endsWith('or end') && closes(this.#open.at(-1), character)) {
      this.#open.pop()
      return this.#advance('comma or end')
    }
    if (expected === 'comma or end') {
      return character === ',' && this.#advance(this.#open.at(-1) === '{' ? 'key' : 'value')
    }
    if (expected.startsWith('key')) return this.#key(character)
    if (character === '{' || character === '[') {
      this.#open.push(character)
      return this.#advance(character === '{' ? 'key or end' : 'value or end')
    }
    this.#expected = 'comma or end'
    return character === '"' ? this.#string() : this.#match(SCALAR)
  }

  #key(character: string | undefined): boolean {
    if (character !== '"' || !this.#string()) return false
    this.#match(SPACE)
    return this.#text[this.#position] === ':' && this.#advance('value')
  }

  #advance(expected: Expected): true {
    this.#position++
    this.#expected = expected
    return true
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#position
    const found = pattern.test(this.#text)
    if (found) this.#position = pattern.lastIndex
    return found
  }

  /** A loop, not a pattern: strings here are histograms of any length, and patterns keep a stack. */
  #string(): boolean {
    this.#position++
    for (;;) {
      const code = this.#text.charCodeAt(this.#position)
      if (!(code >= FIRST_PRINTABLE)) return false
      if (code === 0x5c) {
        if (!this.#match(ESCAPE)) return false
        continue
      }
      this.#position++
      if (code === 0x22) return true
    }
  }
}

function closes(opened: string | undefined, character: string | undefined): boolean {
  return (opened === '{' && character === '}') || (opened === '[' && character === ']')
}
