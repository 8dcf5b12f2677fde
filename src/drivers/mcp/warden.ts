/**
 * A process of its own that ends what its parent has started, should the parent be killed before it does so itself. It
 * reads `+pid` and `-pid` of process groups, and `.` when there will be no more; any other end of its input is that of
 * the parent. A parent that is killed just after a start cannot tell of it any more, so what it starts has a mark in
 * its environment, `name=value`, which is this program's argument; where the system shows environments (Linux), that
 * is looked for as well.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const GRACE_MS = 500

const mark = process.argv[2]
const groups = new Set<number>()
let isDismissed = false

function endAll(signal: NodeJS.Signals): void {
  for (const group of groups) {
    try {
      process.kill(-group, signal)
    } catch {
      groups.delete(group)
    }
  }
  for (const pid of marked()) {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended by itself in the meantime.
    }
  }
}

function marked(): number[] {
  if (process.platform !== 'linux' || mark === undefined) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark)
      } catch {
        // It has ended, or is somebody else's.
        return false
      }
    })
    .map(Number)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const group = Number(line.slice(1))
  if (line === '.') isDismissed = true
  else if (line.startsWith('+')) groups.add(group)
  else groups.delete(group)
})
lines.on('close', () => {
  if (isDismissed && groups.size === 0) return
  endAll('SIGTERM')
  // What the parent was starting when it was killed may only now have become a process of its own.
  setTimeout(endAll, GRACE_MS, 'SIGKILL')
})
