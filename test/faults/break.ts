/**
 * Loaded by Node before a program (`NODE_OPTIONS=--import`): breaks one of its threads, for real, once a test writes into
 * the file BREAK_FILE which one, and how: `load-1 heap`, `model-0 exit`. The file goes when that is done.
 */

import { readFileSync, rmSync } from 'node:fs'
import { isMainThread, type Worker, workerData } from 'node:worker_threads'

const LOOK_EVERY_MS = 10

const file = process.env.BREAK_FILE!
const part = partOf()
/** Of the thread that conducts a run: only it can end another one from outside. */
const workers: Worker[] = []

if (part !== null) setInterval(look, LOOK_EVERY_MS).unref()
if (part === 'main') process.on('worker', (worker) => workers.push(worker))

/** Null for a thread that no test breaks. */
function partOf(): string | null {
  if (isMainThread && process.argv[1]?.includes('provider-trial')) return 'trial'
  if (isMainThread) return process.argv[2] === 'run' ? 'main' : null
  if (workerData?.plan !== undefined) return `load-${workerData.worker}`
  if (workerData?.cpuSeconds !== undefined) return `model-${workerData.index}`
  return null
}

function look(): void {
  const [name = '', how = ''] = asked()
  if (part !== (how === 'terminate' ? 'main' : name)) return
  rmSync(file)
  if (how === 'terminate') void workers[Number(name.replace('load-', ''))]!.terminate()
  else breakAs(how)
}

function asked(): string[] {
  try {
    return readFileSync(file, 'utf8').split(' ')
  } catch {
    return []
  }
}

function breakAs(how: string): void {
  switch (how) {
    case 'throw':
      throw new TypeError('broken on purpose')
    case 'reject':
      void Promise.reject(new Error('broken on purpose'))
      break
    case 'exit':
      process.exit(3)
      break
    case 'loop':
      for (;;);
    case 'heap': {
      const kept: object[] = []
      for (;;) kept.push({ index: kept.length, more: [kept.length] })
    }
  }
}
