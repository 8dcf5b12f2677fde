/** A text of YAML as nodes that are not looked at yet, or everything that is wrong with its syntax. */

import { type Document, LineCounter, parseDocument, type YAMLError } from 'yaml'
import { type Place, ScenarioError } from './problem.ts'
import { type Span, YamlReader } from './yaml-reader.ts'

const TEXT_LIMIT_BYTES = 1024 ** 2
/** Told at once. */
const MOST_FAULTS = 20

/** A value written alone, within the same bounds; `source` says where. @throws ScenarioError */
export function parseValue(source: string, text: string): unknown {
  return openText(source, text).reader.readAll()
}

interface Opened {
  document: Document.Parsed
  lines: LineCounter
  reader: YamlReader
  fail(message: string, cure: string): never
}

export function openText(file: string, text: string): Opened {
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

export function placeOf(text: string, lines: LineCounter, { start, end }: Span): Place {
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
