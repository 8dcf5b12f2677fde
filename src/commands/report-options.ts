/** What `run` and `report` have in common: which formats, and what the place they are printed on can show. */

import { InvalidArgumentError } from 'commander'
import { FORMATS, type FormatName } from '../report/formats.ts'
import type { Style } from '../report/table.ts'

/** Of files and pipes, which have no window. */
const DEFAULT_WIDTH = 100

export function formatNames(): string {
  return FORMATS.map(({ name }) => name).join(', ')
}

/** Parses `table,markdown`. Throws `InvalidArgumentError`. */
export function parseFormats(value: string): FormatName[] {
  return parseNames(
    value,
    FORMATS.map(({ name }) => name),
  )
}

/** Parses names with commas between. Throws `InvalidArgumentError` for one that is not known. */
export function parseNames<Name extends string>(value: string, known: readonly Name[]): Name[] {
  return [...new Set(value.split(',').map((item) => item.trim()))].map((name) => {
    const found = known.find((candidate) => candidate === name)
    if (found !== undefined) return found
    throw new InvalidArgumentError(`${JSON.stringify(name)} is none of ${known.join(', ')}.`)
  })
}

export function styleOf(
  stream: { isTTY?: boolean; columns?: number },
  env: Record<string, string | undefined>,
): Style {
  const colour = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  return { width: stream.columns || DEFAULT_WIDTH, colour }
}
