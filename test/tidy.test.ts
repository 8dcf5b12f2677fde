/** The rules of the house, run. */

import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LONGEST_FILE_LINES = 300

/**
 * A stage imports values only from those that stand left of it. `record` comes first because its rows are the
 * vocabulary of metrics that scenarios are checked against. `dialects` and `drivers` stand before `scenario` because
 * each protocol brings the keys that a target has for it, and names what it can be called; both write such keys in
 * the vocabulary of `values`. Types may be imported from anywhere.
 */
const STAGES = [
  'record',
  'values',
  'dialects',
  'drivers',
  'scenario',
  'plan',
  'load',
  'agent',
  'result',
  'compare',
  'report',
  'commands',
] as const

/** Files that are longer than the limit, and why that is well. */
const LONG_FILES: Record<string, string> = {
  'src/record/metrics.ts': 'one row a metric: splitting it would hide the list',
  'src/load/round.ts': 'the life of a round, read from top to bottom',
}

interface Import {
  from: string
  to: string
  /** Erased when the code runs. */
  typeOnly: boolean
}

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true })
  return entries.filter((name) => /\.[tj]s$/.test(name)).map((name) => join(folder, name))
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

function importsOf(file: string): Import[] {
  const found = read(file).matchAll(
    /^(?:import|export)\s+(type\s+)?([^'"]*?)\s*from\s+'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gms,
  )
  return [...found].map(([, typeKeyword, names = '', path, dynamicPath]) => ({
    from: file,
    to: relative(ROOT, join(ROOT, dirname(file), path ?? dynamicPath ?? '')),
    typeOnly: typeKeyword !== undefined || isAllTypes(names),
  }))
}

/** `{ type A, type B }` */
function isAllTypes(names: string): boolean {
  const inside = /^\{([^}]*)\}$/.exec(names.trim())?.[1]
  if (inside === undefined) return false
  const parts = inside
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  return parts.length > 0 && parts.every((part) => part.startsWith('type '))
}

const src = await sources('src')
const server = await sources('reference-server')
const imports = [...src, ...server].flatMap(importsOf)
const values = imports.filter(({ typeOnly }) => !typeOnly)

function stageOf(file: string): string | undefined {
  return /^src\/([^/]+)\//.exec(file)?.[1]
}

describe('imports', () => {
  test('are found at all', () => {
    expect(values.length).toBeGreaterThan(100)
    expect(new Set(src.map(stageOf).filter((stage) => stage !== undefined))).toEqual(new Set(STAGES))
  })

  test('go one way', () => {
    const wrong = values.filter(({ from, to }) => {
      const [fromStage, toStage] = [stageOf(from), stageOf(to)]
      if (fromStage === undefined || toStage === undefined || fromStage === toStage) return false
      return STAGES.indexOf(toStage as never) > STAGES.indexOf(fromStage as never)
    })
    expect(wrong).toEqual([])
  })

  test('have no cycles', () => {
    const next = Map.groupBy(values, ({ from }) => from)
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (file: string, path: string[]) => {
      if (path.includes(file)) {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
        return
      }
      if (done.has(file)) return
      for (const { to } of next.get(file) ?? []) visit(to, [...path, file])
      done.add(file)
    }
    for (const file of [...src, ...server]) visit(file, [])
    expect(cycles).toEqual([])
  })

  test('keep the reference server apart: it never imports src, and only commands that start servers import it', () => {
    const across = imports.filter(({ from, to }) => from.startsWith('src/') !== to.startsWith('src/'))
    const starting = ['serve', 'idle-certificate', 'doctor-providers'].map(
      (name) => `src/commands/${name}.ts`,
    )
    expect(across.filter(({ from }) => !starting.includes(from))).toEqual([])
  })
})

describe('files', () => {
  const all = [...src, ...server]

  test(`have at most ${LONGEST_FILE_LINES} lines, or a reason`, () => {
    const long = all.filter((file) => read(file).split('\n').length > LONGEST_FILE_LINES + 1)
    expect(long.filter((file) => !(file in LONG_FILES))).toEqual([])
    expect(
      Object.keys(LONG_FILES).filter((file) => !long.includes(file)),
      'no longer long',
    ).toEqual([])
  })

  test('are named after a noun', () => {
    expect(all.filter((file) => /\/(utils?|helpers?|common|misc|index)\.[tj]s$/.test(file))).toEqual([])
  })

  test('read the time in load/clock.ts only, where calls are measured', () => {
    const measuring = all.filter((file) => /^src\/(load|drivers|dialects|record)\//.test(file))
    const reading = measuring.filter((file) =>
      /performance\.now|hrtime|Date\.now|new Date\(/.test(code(file)),
    )
    expect(reading).toEqual(['src/load/clock.ts'])
  })

  test('leave nothing undone', () => {
    expect(all.filter((file) => /\b(TODO|FIXME|XXX|HACK)\b/.test(read(file)))).toEqual([])
  })
})

/** A file without its comments. */
function code(file: string): string {
  return read(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
}
