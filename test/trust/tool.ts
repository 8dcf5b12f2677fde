/** The command as it is built, in a process of its own; for scripts, which have no test runner. */

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Result } from '../../src/result/document.ts'

const BIN = fileURLToPath(new URL('../../dist/src/bin.js', import.meta.url))

export interface RunOptions {
  env?: NodeJS.ProcessEnv
  /** The command that runs it, e.g. one that gives it a core of its own. */
  through?: readonly string[]
}

export interface Run {
  code: number | null
  result: Result
}

/** Runs a scenario. Throws what the tool said where it left no result. */
export async function runTool(scenario: object, { env, through = [] }: RunOptions = {}): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'infer-bench-trust-'))
  try {
    // JSON is YAML.
    await writeFile(join(folder, 'scenario.yaml'), JSON.stringify(scenario))
    const args = [process.execPath, BIN, 'run', 'scenario.yaml', '--out', 'result.json']
    const [command, ...rest] = [...through, ...args]
    const tool = spawn(command!, rest, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let stderr = ''
    tool.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const code = await new Promise<number | null>((resolve) => tool.once('close', resolve))
    const text = await readFile(join(folder, 'result.json'), 'utf8').catch(() => null)
    if (text === null) throw new Error(`the run left no result (exit ${code}):\n${stderr}`)
    return { code, result: JSON.parse(text) as Result }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
