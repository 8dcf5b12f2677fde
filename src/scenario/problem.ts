/** What is wrong with the input: found before anything is sent, told with its place and its cure. */

import { printable } from '../values/printable.ts'

export interface Place {
  /** From 1. */
  line: number
  /** From 1, in UTF-16 units. */
  column: number
  /** The whole line. */
  text: string
  /** How much of the line is meant, from the column on. */
  length: number
}

export interface Problem {
  /** The file as the user named it, or the option that holds the input, e.g. `--set load.rate=5`. */
  source: string
  /** Null where the problem is not of one line: a file that does not exist. */
  place: Place | null
  message: string
  /** What to do about it: a sentence. */
  cure: string
}

/** A scenario that cannot be run, with everything that is wrong with it. */
export class ScenarioError extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    // The same fault may show more than once: through an alias, or in several cases.
    const unique = new Map(problems.map((problem) => [identityOf(problem), problem]))
    const ordered = [...unique.values()].sort(byPlace)
    const told = ordered.slice(0, MOST_TOLD).map(renderProblem)
    if (ordered.length > told.length) told.push(`… and ${ordered.length - told.length} more`)
    super(told.join('\n\n'))
    this.name = 'ScenarioError'
    this.problems = ordered
  }
}

/** More than anybody mends before trying again. */
const MOST_TOLD = 50

/** Without the line's text, which may be a megabyte, and the same for thousands of problems. */
function identityOf({ source, place, message, cure }: Problem): string {
  return JSON.stringify([source, place && [place.line, place.column, place.length], message, cure])
}

/** In the order of the text; what has no place comes first. */
function byPlace(a: Problem, b: Problem): number {
  if (a.source !== b.source) return 0
  return (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0)
}

/** The command line asks for something that cannot be had; the scenario itself is not at fault. */
export class UsageError extends Error {
  override name = 'UsageError'

  constructor(message: string) {
    super(printable(message))
  }
}

const EXCERPT_COLUMNS = 100

/** `file:line:column: message`, the offending line, a caret beneath it, and the cure. */
function renderProblem({ source, place, message, cure }: Problem): string {
  const lines = [`${oneLine(source)}${place ? `:${place.line}:${place.column}` : ''}: ${oneLine(message)}`]
  if (place) lines.push(...excerpt(place))
  lines.push(`  ${oneLine(cure)}`)
  return lines.join('\n')
}

function excerpt({ text, column, length }: Place): string[] {
  // A line can be a megabyte long: show the part around the place.
  const start = Math.max(0, column - 1 - EXCERPT_COLUMNS / 2)
  const shown = text.slice(start, start + EXCERPT_COLUMNS)
  const caretAt = column - 1 - start
  const caretLength = Math.max(1, Math.min(length, shown.length - caretAt))
  return [`    ${oneLine(shown)}`, `    ${' '.repeat(caretAt)}${'^'.repeat(caretLength)}`]
}

/** A line of it, with what breaks lines made visible, too. */
function oneLine(text: string): string {
  return printable(text.replaceAll('\n', '\r'))
}
