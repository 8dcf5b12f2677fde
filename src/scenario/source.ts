/**
 * The scenario's text as a tree of plain values, with the place of each value in the text. Text is input from
 * anywhere: its size, depth and aliases are bounded here.
 */

import { isMap, isScalar, type LineCounter, type ParsedNode } from 'yaml'
import type { Setting } from './fill-tree.ts'
import { type Override, overrideOf } from './override.ts'
import type { Problem } from './problem.ts'
import { keyOf, type Node } from './yaml-reader.ts'
import { openText, placeOf } from './yaml-text.ts'

export type Path = readonly PropertyKey[]

export class Source {
  /** The file as the user named it. */
  readonly file: string
  readonly #overrides: readonly Override[]
  readonly #text: string
  readonly #lines: LineCounter
  readonly #nodes: ReadonlyMap<string, Node>
  #hidden: readonly Setting[] = []

  constructor(
    file: string,
    text: string,
    lines: LineCounter,
    nodes: ReadonlyMap<string, Node>,
    overrides: readonly Override[] = [],
  ) {
    this.file = file
    this.#overrides = overrides
    this.#text = text
    this.#lines = lines
    this.#nodes = nodes
  }

  /** The same text, with the options that replaced values of it. */
  withOverrides(overrides: readonly Override[]): Source {
    return new Source(this.file, this.#text, this.#lines, this.#nodes, overrides)
  }

  /** Values that no problem may tell: it shows their templates instead. */
  hide(settings: readonly Setting[]): void {
    this.#hidden = settings.filter(({ value }) => value.length >= SHORTEST_HIDDEN)
  }

  /** A problem with the value at `path`, or with its key. What is missing is a problem of what should hold it. */
  problem(path: Path, told: string, toDo: string, at: 'value' | 'key' = 'value'): Problem {
    const [message, cure] = [told, toDo].map((text) => this.#hidden.reduce(withoutValue, text)) as [
      string,
      string,
    ]
    const isWritten = this.#nodes.has(keyOf(path))
    const override = overrideOf(path, this.#overrides, isWritten)
    if (override) return { source: `--set ${override.text}`, place: null, message, cure }
    for (let length = path.length; length >= 0; length--) {
      const node = this.#nodes.get(keyOf(path.slice(0, length)))
      if (!node) continue
      // A mapping or a list runs over many lines: its key says best which one is meant.
      const span = node.key && (at === 'key' || node.collection) ? node.key : node.value
      return { source: this.file, place: placeOf(this.#text, this.#lines, span), message, cure }
    }
    return { source: this.file, place: null, message, cure }
  }
}

export interface ParsedSource {
  source: Source
  /** Plain values, as YAML tells them; templates are still in place. */
  tree: Record<string, unknown>
}

/** Shorter values could be anything, and tell nothing. */
const SHORTEST_HIDDEN = 4

/** The value may stand there in part: messages cut what they show. */
function withoutValue(message: string, { text, value }: Setting): string {
  for (let length = value.length; length >= SHORTEST_HIDDEN; length--) {
    const part = value.slice(0, length)
    if (message.includes(part)) return message.replaceAll(part, () => text)
  }
  return message
}

/** @throws ScenarioError with every syntax error of the text. */
export function parseSource(file: string, text: string): ParsedSource {
  const { document, lines, reader, fail } = openText(file, text)
  const start = 'Write a first scenario with `infer-bench init`.'
  if (document.contents === null || isNull(document.contents)) fail('the file is empty', start)
  if (!isMap(document.contents)) fail('a scenario is a mapping of keys to values', start)
  const tree = reader.readAll() as Record<string, unknown>
  return { source: new Source(file, text, lines, reader.nodes), tree }
}

function isNull(node: ParsedNode): boolean {
  return isScalar(node) && node.value === null
}
