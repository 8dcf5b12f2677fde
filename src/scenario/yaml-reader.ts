import { type Document, isAlias, isMap, isScalar, isSeq, type ParsedNode } from 'yaml'
import type { Path } from './source.ts'

const ALIAS_LIMIT = 100
const DEPTH_LIMIT = 32
/** Values after every alias is written out. */
const VALUE_LIMIT = 50_000
/** Keys that are there twice, told at once. */
const MOST_REPEATED = 20

export interface Span {
  /** Offsets in the text. */
  start: number
  end: number
}

export interface Node {
  /** Null: an item of a list. */
  key: Span | null
  value: Span
  collection: boolean
}

type Refuse = (spans: readonly Span[], message: (span: Span) => string, cure: string) => never

/** Turns YAML nodes into plain values; bounded, because an alias may stand for a million values. */
export class YamlReader {
  readonly nodes = new Map<string, Node>()
  readonly #document: Document.Parsed
  readonly #refuse: Refuse
  /** Keys that are there a second time. */
  readonly #repeated = new Map<Span, string>()
  #aliases = 0
  #values = 0

  constructor(document: Document.Parsed, refuse: Refuse) {
    this.#document = document
    this.#refuse = refuse
  }

  readAll(): unknown {
    const value = this.#read(this.#document.contents, null, [], 0)
    const spans = [...this.#repeated.keys()].slice(0, MOST_REPEATED)
    if (spans.length > 0) {
      const message = (span: Span) => `the key \`${this.#repeated.get(span)!.slice(0, 64)}\` appears twice`
      this.#refuse(spans, message, 'Keep one of the two.')
    }
    return value
  }

  #fail(span: Span, message: string, cure: string): never {
    return this.#refuse([span], () => message, cure)
  }

  #read(node: ParsedNode | null, key: Span | null, path: Path, depth: number): unknown {
    const value = spanOf(node) ?? key ?? { start: 0, end: 1 }
    const collection = isMap(node) || isSeq(node)
    this.nodes.set(keyOf(path), { key, value, collection })
    if (++this.#values > VALUE_LIMIT) {
      this.#fail(
        value,
        'the scenario holds more than 50,000 values',
        'Use fewer aliases, or split the scenario.',
      )
    }
    if (depth > DEPTH_LIMIT) {
      this.#fail(
        value,
        `values are nested deeper than ${DEPTH_LIMIT} levels`,
        'An alias may hold itself: remove it.',
      )
    }
    if (isAlias(node)) {
      if (++this.#aliases > ALIAS_LIMIT) {
        this.#fail(
          value,
          `the scenario uses more than ${ALIAS_LIMIT} aliases`,
          'Write the values out, or use `defaults`.',
        )
      }
      const target = node.resolve(this.#document)
      if (!target)
        this.#fail(value, `nothing above is marked \`&${node.source}\``, 'Mark a value with it first.')
      const result = this.#read(target as ParsedNode, key, path, depth + 1)
      // Problems are shown where the alias is used, where the reader looks for them.
      this.nodes.set(keyOf(path), { key, value, collection: false })
      return result
    }
    if (isMap(node)) {
      const entries: Record<string, unknown> = {}
      for (const pair of node.items) {
        const name = String(isScalar(pair.key) ? pair.key.value : pair.key)
        const span = spanOf(pair.key)
        if (span && Object.hasOwn(entries, name)) this.#repeated.set(span, name)
        const child = this.#read(pair.value, span, [...path, name], depth + 1)
        // A plain assignment to `__proto__` would change the object instead of adding the key.
        Object.defineProperty(entries, name, {
          value: child,
          enumerable: true,
          writable: true,
          configurable: true,
        })
      }
      return entries
    }
    if (isSeq(node)) {
      return node.items.map((item, index) =>
        this.#read(item as ParsedNode, null, [...path, index], depth + 1),
      )
    }
    return isScalar(node) ? node.value : null
  }
}

/** A path as the key of a map. */
export function keyOf(path: Path): string {
  return JSON.stringify(path)
}

function spanOf(node: unknown): Span | null {
  const range = (node as { range?: [number, number, number] | null } | null)?.range
  return range ? { start: range[0], end: range[1] } : null
}
