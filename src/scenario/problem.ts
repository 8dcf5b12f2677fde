/** What is wrong with the input: found before anything is sent, told with its place and its cure. */

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
    const unique = new Map(problems.map((problem) => [JSON.stringify(problem), problem]))
    const ordered = [...unique.values()].sort(byPlace)
    super(ordered.map(renderProblem).join('\n\n'))
    this.name = 'ScenarioError'
    this.problems = ordered
  }
}

/** In the order of the text; what has no place comes first. */
function byPlace(a: Problem, b: Problem): number {
  if (a.source !== b.source) return 0
  return (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0)
}

/** The command line asks for something that cannot be had; the scenario itself is not at fault. */
export class UsageError extends Error {
  override name = 'UsageError'
}

const EXCERPT_COLUMNS = 100

/** `file:line:column: message`, the offending line, a caret beneath it, and the cure. */
function renderProblem({ source, place, message, cure }: Problem): string {
  const lines = [
    `${printable(source)}${place ? `:${place.line}:${place.column}` : ''}: ${printable(message)}`,
  ]
  if (place) lines.push(...excerpt(place))
  lines.push(`  ${printable(cure)}`)
  return lines.join('\n')
}

function excerpt({ text, column, length }: Place): string[] {
  // A line can be a megabyte long: show the part around the place.
  const start = Math.max(0, column - 1 - EXCERPT_COLUMNS / 2)
  const shown = text.slice(start, start + EXCERPT_COLUMNS)
  const caretAt = column - 1 - start
  const caretLength = Math.max(1, Math.min(length, shown.length - caretAt))
  return [`    ${printable(shown)}`, `    ${' '.repeat(caretAt)}${'^'.repeat(caretLength)}`]
}

/**
 * Foreign text made fit for a terminal: control and formatting characters (escape sequences, text that runs
 * backwards) become one visible character each, so that carets still point at the right column.
 */
function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')
}
