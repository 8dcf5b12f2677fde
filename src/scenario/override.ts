/** `--set key=value`: replaces or adds a value of the scenario before it is checked. */

import { ScenarioError, UsageError } from './problem.ts'
import type { Path } from './source.ts'
import { parseValue } from './yaml-text.ts'

export interface Override {
  /** As the user wrote it, e.g. `defaults.load.rate=20/s`. */
  text: string
  path: Path
  value: unknown
}

/** @throws UsageError where it is not `key=value`, or the value is not YAML. */
export function parseOverride(text: string): Override {
  const equals = text.indexOf('=')
  const key = text.slice(0, Math.max(0, equals)).trim()
  if (key === '' || key.split('.').includes('')) {
    throw new UsageError(`--set ${shown(text)}: write it like --set defaults.load.duration=1s`)
  }
  return { text, path: pathOf(key), value: yamlOf(text, text.slice(equals + 1)) ?? '' }
}

const MOST_SHOWN = 80

function shown(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text
}

function yamlOf(text: string, value: string): unknown {
  try {
    return parseValue('--set', value)
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error
    throw new UsageError(`--set ${shown(text)}: the value cannot be read: ${error.problems[0]!.message}`)
  }
}

/** The keys of `vary` have dots in them; anywhere else a dot goes one level down. */
function pathOf(key: string): Path {
  const names = key.split('.')
  if (names[0] === 'vary' && names.length > 2) return ['vary', names.slice(1).join('.')]
  return names
}

/** Changes `tree` in place. @throws UsageError where the path leads through something that is not there. */
export function applyOverrides(tree: Record<string, unknown>, overrides: readonly Override[]): Override[] {
  return overrides.map((override) => {
    const path = resolved(tree, override)
    let holder: object = tree
    for (const name of path.slice(0, -1)) {
      if (!Object.hasOwn(holder, name)) assign(holder, name, {})
      holder = Reflect.get(holder, name) as object
    }
    assign(holder, path.at(-1)!, override.value)
    return { ...override, path }
  })
}

/** The path with positions in lists as numbers, so that it equals the path of a problem there. */
function resolved(tree: Record<string, unknown>, { text, path }: Override): Path {
  let holder: unknown = tree
  return path.map((name) => {
    let key = name
    if (Array.isArray(holder)) {
      key = Number(name)
      if (!Object.hasOwn(holder, key)) {
        throw new UsageError(
          `--set ${shown(text)}: there is no item ${shown(String(name))}; items count from 0 to ${holder.length - 1}`,
        )
      }
    } else if (holder !== undefined && (typeof holder !== 'object' || holder === null)) {
      throw new UsageError(
        `--set ${shown(text)}: \`${shown(String(name))}\` would be inside a value that is no mapping`,
      )
    }
    holder =
      holder === undefined || !Object.hasOwn(holder as object, key)
        ? undefined
        : Reflect.get(holder as object, key)
    return key
  })
}

function assign(holder: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(holder, name, { value, enumerable: true, writable: true, configurable: true })
}

/**
 * The last override that set the value at `path`, or what holds it; of a value that the file does not have,
 * also one that made it to put something into it.
 */
export function overrideOf(
  path: Path,
  overrides: readonly Override[],
  isWritten: boolean,
): Override | undefined {
  const isWithin = (inner: Path, outer: Path) => outer.every((name, index) => inner[index] === name)
  return overrides.findLast(
    (override) => isWithin(path, override.path) || (!isWritten && isWithin(override.path, path)),
  )
}
