import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import type { Result } from '../../src/result/document.ts'

export const BIN = fileURLToPath(new URL('../../dist/src/bin.js', import.meta.url))

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Running {
  pid: number
  ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
  /** Stderr, until now. */
  said(): string
  /** Resolves once stderr holds the text. */
  says(text: string): Promise<void>
}

export interface StartOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** The command that runs it, e.g. one that enters a namespace. */
  through?: readonly string[]
}

/** Tests may run in a CI job, which is not to be told of them. */
const NOWHERE = { GITHUB_ACTIONS: undefined, GITHUB_STEP_SUMMARY: undefined }

/** The command line tool in a process of its own, as a user runs it in a pipe. */
export function start(args: string[], options: StartOptions = {}): Running {
  const [command, ...rest] = [...(options.through ?? []), process.execPath, BIN, ...args]
  const child = spawn(command!, rest, {
    cwd: options.cwd,
    env: { ...process.env, ...NOWHERE, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    for (const listener of listeners) listener()
  })
  return {
    pid: child.pid!,
    ended: new Promise((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
    }),
    kill: (signal) => child.kill(signal),
    said: () => stderr,
    says: (text) =>
      new Promise((resolve) => {
        const listener = () => {
          if (!stderr.includes(text)) return
          listeners.delete(listener)
          resolve()
        }
        listeners.add(listener)
        listener()
      }),
  }
}

export function cli(args: string[], options: StartOptions = {}): Promise<Ended> {
  return start(args, options).ended
}

const folders: string[] = []

afterAll(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** A folder of its own for one test, which goes when the test file is done. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'infer-bench-test-'))
  folders.push(folder)
  return folder
}

/** Writes a scenario, runs it, and reads what it left. */
export async function runScenario(
  yaml: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
  through: readonly string[] = [],
): Promise<Ended & { result: Result; folder: string }> {
  const folder = await temporaryFolder()
  const scenario = join(folder, 'scenario.yaml')
  const out = join(folder, 'result.json')
  await writeFile(scenario, yaml)
  const ended = await cli(['run', scenario, '--out', out, ...args], { cwd: folder, env, through })
  let text: string
  try {
    text = await readFile(out, 'utf8')
  } catch {
    throw new Error(`the run left no result (exit ${ended.code}):\n${ended.stderr}`)
  }
  return { ...ended, folder, result: JSON.parse(text) as Result }
}
