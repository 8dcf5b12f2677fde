import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Result } from '../../src/result/document.ts'
import { temporaryFolder } from './cli.ts'

// A suite starts the tool about a hundred times: compiling it once saves half of each start.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'infer-bench-compile-cache')

/** A folder of its own with these files in it, by name. */
export async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder()
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

export async function readResultFile(folder: string, name = 'result.json'): Promise<Result> {
  return JSON.parse(await readFile(join(folder, name), 'utf8')) as Result
}

/** Settings of a case that is measured in no time. */
const QUICK =
  '{ rounds: 1, load: { concurrency: 2, duration: 200ms, warmup: 0s }, timeout: { connect: 2s, total: 2s } }'

/** One target after another, each a raw REST endpoint, measured quickly. */
export function quickScenario(urls: Record<string, string>, more = ''): string {
  const targets = Object.entries(urls).map(
    ([name, url]) => `  ${name}: { interface: rest, api: raw, url: ${JSON.stringify(url)} }`,
  )
  return `name: quick\ntargets:\n${targets.join('\n')}\ndefaults: ${QUICK}\n${more}`
}
