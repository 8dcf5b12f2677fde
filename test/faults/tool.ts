/** The command as it is built, in a process of its own; for tests and scripts alike: no part of it needs a test runner. */

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Result } from '../../src/result/document.ts'
import { descendants, isAlive } from '../e2e/processes.ts'

const BIN = fileURLToPath(new URL('../../dist/src/bin.js', import.meta.url))
const LOOK_EVERY_MS = 200

export interface RunOptions {
  env?: NodeJS.ProcessEnv
  /** The command that runs it, e.g. one that gives it a core of its own. */
  through?: readonly string[]
  /** Told the id of its process. */
  begun?(pid: number): void
  /** Its processes are looked for several times a second, which a run that measures times had better not be asked for. */
  follows?: boolean
}

export interface Ran {
  code: number | null
  signal: NodeJS.Signals | null
  stderr: string
  /** Null where the run left none. */
  result: Result | null
  /** Processes of the run that outlived it, where it was followed. */
  left: number[]
  tookMs: number
}

/** Runs a scenario to its end, whatever that is. */
export async function runToEnd(
  scenario: object,
  { env, through = [], begun, follows = false }: RunOptions = {},
): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'infer-bench-run-'))
  try {
    // JSON is YAML.
    await writeFile(join(folder, 'scenario.yaml'), JSON.stringify(scenario))
    const args = [process.execPath, BIN, 'run', 'scenario.yaml', '--out', 'result.json']
    const [command, ...rest] = [...through, ...args]
    const startedMs = performance.now()
    const child = spawn(command!, rest, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    // However this process ends, its run does not go on without it.
    const endTool = () => child.kill('SIGKILL')
    process.once('exit', endTool)
    begun?.(child.pid!)
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const seen = new Set<number>()
    const look = () => {
      for (const pid of descendants(child.pid!)) seen.add(pid)
    }
    const looking = follows ? setInterval(look, LOOK_EVERY_MS) : undefined
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      child.once('close', (...ended) => resolve(ended))
    })
    const tookMs = performance.now() - startedMs
    clearInterval(looking)
    process.off('exit', endTool)
    const text = await readFile(join(folder, 'result.json'), 'utf8').catch(() => null)
    const result = text === null ? null : (JSON.parse(text) as Result)
    return { code, signal, stderr, result, left: [...seen].filter(isAlive), tookMs }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
