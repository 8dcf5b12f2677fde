/**
 * The scenario's text as a tree of plain values, with the place of each value in the text. Text is input from
 * anywhere: its size, depth and aliases are bounded here.
 */

import {
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type YAMLError,
} from 'yaml'
import type { Setting } from './fill-tree.ts'
import { type Override, overrideOf } from './override.ts'
import { type Place, type Problem, ScenarioError } from './problem.ts'
import { keyOf, type Node, type Span, YamlReader } from './yaml-reader.ts'

export type Path = readonly PropertyKey[]

const TEXT_LIMIT_BYTES = 1024 ** 2
/** Told at once. */
const MOST_FAULTS = 20

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
  const { document, lines, reader, fail } = open(file, text)
  const start = 'Write a first scenario with `infer-bench init`.'
  if (document.contents === null || isNull(document.contents)) fail('the file is empty', start)
  if (!isMap(document.contents)) fail('a scenario is a mapping of keys to values', start)
  const tree = reader.readAll() as Record<string, unknown>
  return { source: new Source(file, text, lines, reader.nodes), tree }
}

/** A value written alone, within the same bounds; `source` says where. @throws ScenarioError */
export function parseValue(source: string, text: string): unknown {
  return open(source, text).reader.readAll()
}

interface Opened {
  document: Document.Parsed
  lines: LineCounter
  reader: YamlReader
  fail(message: string, cure: string): never
}

function open(file: string, text: string): Opened {
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
    // Its own check compares each key with each; the reader does it.
    uniqueKeys: false,
    resolveKnownTags: false,
    logLevel: 'error',
  })
  const all = [...document.errors, ...document.warnings]
  // A parser that has run out of stack finds fault with everything after that.
  const exhausted = all.find(({ code }) => code === 'RESOURCE_EXHAUSTION')
  const faults = exhausted ? [exhausted] : all
  if (faults.length > 0) {
    throw new ScenarioError(
      faults.slice(0, MOST_FAULTS).map((fault) => {
        const [start, end] = fault.pos
        const place = placeOf(text, lines, { start, end })
        return { source: file, place, ...syntaxProblem(fault, text.slice(start, end)) }
      }),
    )
  }
  const reader = new YamlReader(document, (spans, message, cure) => {
    throw new ScenarioError(
      spans.map((span) => ({
        source: file,
        place: placeOf(text, lines, span),
        message: message(span),
        cure,
      })),
    )
  })
  return { document, lines, reader, fail }
}

function syntaxProblem({ code, message }: YAMLError, found: string): { message: string; cure: string } {
  switch (code) {
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

function placeOf(text: string, lines: LineCounter, { start, end }: Span): Place {
  const offset = Math.min(start, text.length)
  const { line, col } = lines.linePos(offset)
  const lineStart = offset - (col - 1)
  // Known already: to look for it would be to read a line of a megabyte for each of a thousand problems in it.
  const nextStart = lines.lineStarts[line]
  const lineEnd = nextStart === undefined ? text.length : nextStart - 1
  const whole = text.slice(lineStart, text[lineEnd - 1] === '\r' ? lineEnd - 1 : lineEnd)
  return {
    line,
    column: col,
    text: whole,
    length: Math.max(1, Math.min(end - start, whole.length - (col - 1))),
  }
}
