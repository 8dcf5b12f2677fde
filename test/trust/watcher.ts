/**
 * Looks whether the machine stands still, independently of the tool: one process a core, held to it, that asks for a
 * millisecond's sleep again and again and writes down when it got much more.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'

const SLEEP_MS = 1
/** What is worth writing down. */
const STALL_MS = 3

/** When a core stood still, in ms of Unix time. */
interface MachineStall {
  fromMs: number
  toMs: number
}

export interface Watcher {
  /** The longest stall in ms that any core had between two moments of Unix time, in ms. */
  longestMs(fromMs: number, toMs: number): number
  stop(): void
}

export function watchMachine(): Watcher {
  const stalls: MachineStall[] = []
  const children = os.cpus().map((_, core): ChildProcess => {
    const args = ['-c', String(core), process.execPath, fileURLToPath(import.meta.url)]
    const child = spawn('taskset', args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    child.on('message', ([fromMs, toMs]: [number, number]) => stalls.push({ fromMs, toMs }))
    return child
  })
  return {
    longestMs(fromMs, toMs) {
      const within = stalls.filter((stall) => stall.toMs >= fromMs && stall.fromMs <= toMs)
      return Math.max(0, ...within.map((stall) => stall.toMs - stall.fromMs))
    },
    stop() {
      for (const child of children) child.kill('SIGKILL')
    },
  }
}

if (import.meta.main) {
  process.on('disconnect', () => process.exit(0))
  let beforeMs = performance.now()
  setInterval(() => {
    const nowMs = performance.now()
    if (nowMs - beforeMs - SLEEP_MS > STALL_MS) {
      process.send!([performance.timeOrigin + beforeMs + SLEEP_MS, performance.timeOrigin + nowMs])
    }
    beforeMs = nowMs
  }, SLEEP_MS)
}
