/**
 * The scenario's text as a tree of plain values, with the place of each value in the text. Text is input from
 * anywhere: its size, depth and aliases are bounded here.
 */

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type YAMLError,
} from 'yaml'
import { type Override, overrideOf } from './override.ts'
import { type Place, type Problem, ScenarioError } from './problem.ts'

export type Path = readonly PropertyKey[]

const TEXT_LIMIT_BYTES = 1024 ** 2
const ALIAS_LIMIT = 100
const DEPTH_LIMIT = 32
/** Values after every alias is written out. */
const VALUE_LIMIT = 50_000

interface Span {
  start: number
  end: number
}

interface Node {
  /** Null: an item of a list. */
  key: Span | null
  value: Span
  collection: boolean
}

export class Source {
  /** The file as the user named it. */
  readonly file: string
  readonly #overrides: readonly Override[]
  readonly #text: string
  readonly #lines: LineCounter
  readonly #nodes: ReadonlyMap<string, Node>

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

  /** A problem with the value at `path`, or with its key. What is missing is a problem of what should hold it. */
  problem(path: Path, message: string, cure: string, at: 'value' | 'key' = 'value'): Problem {
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

/** @throws ScenarioError with every syntax error of the text. */
export function parseSource(file: string, text: string): ParsedSource {
  const fail = (message: string, cure: string): never => {
    throw new ScenarioError([{ source: file, place: null, message, cure }])
  }
  if (Buffer.byteLength(text) > TEXT_LIMIT_BYTES) {
    fail(
      'the scenario is larger than 1 MiB',
      'Put large payloads into files of their own: `payload: { file: … }`.',
    )
  }
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    resolveKnownTags: false,
    logLevel: 'error',
  })
  const all = [...document.errors, ...document.warnings]
  // A parser that has run out of stack finds fault with everything after that.
  const exhausted = all.find(({ code }) => code === 'RESOURCE_EXHAUSTION')
  const faults = exhausted ? [exhausted] : all
  if (faults.length > 0) {
    throw new ScenarioError(
      faults.slice(0, 20).map((fault) => {
        const [start, end] = fault.pos
        // Of a key that is there twice, only the first character is told.
        const key = fault.code === 'DUPLICATE_KEY' ? KEY.exec(text.slice(start, start + 200))?.[0] : undefined
        const place = placeOf(text, lines, { start, end: key ? start + key.length : end })
        return { source: file, place, ...syntaxProblem(fault, key ?? text.slice(start, end)) }
      }),
    )
  }
  const start = 'Write a first scenario with `infer-bench init`.'
  if (document.contents === null || isNull(document.contents)) fail('the file is empty', start)
  if (!isMap(document.contents)) fail('a scenario is a mapping of keys to values', start)
  const reader = new Reader(document, (span, message, cure) => {
    throw new ScenarioError([{ source: file, place: placeOf(text, lines, span), message, cure }])
  })
  const tree = reader.read(document.contents!, null, [], 0) as Record<string, unknown>
  return { source: new Source(file, text, lines, reader.nodes), tree }
}

/** Turns YAML nodes into plain values; bounded, because an alias may stand for a million values. */
class Reader {
  readonly nodes = new Map<string, Node>()
  readonly #document: Document.Parsed
  readonly #fail: (span: Span, message: string, cure: string) => never
  #aliases = 0
  #values = 0

  constructor(document: Document.Parsed, fail: (span: Span, message: string, cure: string) => never) {
    this.#document = document
    this.#fail = fail
  }

  read(node: ParsedNode | null, key: Span | null, path: Path, depth: number): unknown {
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
      const result = this.read(target as ParsedNode, key, path, depth + 1)
      // Problems are shown where the alias is used, where the reader looks for them.
      this.nodes.set(keyOf(path), { key, value, collection: false })
      return result
    }
    if (isMap(node)) {
      const entries: Record<string, unknown> = {}
      for (const pair of node.items) {
        const name = String(isScalar(pair.key) ? pair.key.value : pair.key)
        const child = this.read(pair.value, spanOf(pair.key), [...path, name], depth + 1)
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
      return node.items.map((item, index) => this.read(item as ParsedNode, null, [...path, index], depth + 1))
    }
    return isScalar(node) ? node.value : null
  }
}

/** A key where it begins: in quotes, or up to its colon. */
const KEY = /^("[^"]*"|'[^']*'|[^\s:,{}]+)/

function syntaxProblem({ code, message }: YAMLError, found: string): { message: string; cure: string } {
  switch (code) {
    case 'DUPLICATE_KEY':
      return { message: `the key \`${found.slice(0, 64)}\` appears twice`, cure: 'Keep one of the two.' }
    case 'MULTIPLE_DOCS':
      return {
        message: 'the file holds more than one document',
        cure: 'Put each scenario into a file of its own.',
      }
    case 'NON_STRING_KEY':
      return { message: 'this key is not a text', cure: 'A key is a single word such as `targets`.' }
    case 'TAB_AS_INDENT':
      return { message: 'this line is indented with a tab', cure: 'Indent with spaces.' }
    case 'RESOURCE_EXHAUSTION':
      return { message: 'values are nested too deeply', cure: 'Check for brackets that are never closed.' }
    case 'TAG_RESOLVE_FAILED':
      return { message: 'YAML tags are not supported here', cure: `Remove \`${found.slice(0, 64)}\`.` }
    default:
      return {
        message: `this is not valid YAML: ${message.slice(0, 200)}`,
        cure: 'Check the indentation, quotes and brackets here and in the line above.',
      }
  }
}

function isNull(node: ParsedNode): boolean {
  return isScalar(node) && node.value === null
}

function keyOf(path: Path): string {
  return JSON.stringify(path)
}

function spanOf(node: unknown): Span | null {
  const range = (node as { range?: [number, number, number] | null } | null)?.range
  return range ? { start: range[0], end: range[1] } : null
}

function placeOf(text: string, lines: LineCounter, { start, end }: Span): Place {
  const offset = Math.min(start, text.length)
  const { line, col } = lines.linePos(offset)
  const lineStart = offset - (col - 1)
  const lineEnd = text.indexOf('\n', lineStart)
  const whole = text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd).replace(/\r$/, '')
  return {
    line,
    column: col,
    text: whole,
    length: Math.max(1, Math.min(end - start, whole.length - (col - 1))),
  }
}
