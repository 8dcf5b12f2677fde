/**
 * A process of its own that ends what its parent has started, should the parent be killed before it does so itself. It
 * reads `+pid` and `-pid` of process groups; the end of its input is the end of the parent.
 */

import { createInterface } from 'node:readline'

const GRACE_MS = 500

const groups = new Set<number>()

function endAll(signal: NodeJS.Signals): void {
  for (const group of groups) {
    try {
      process.kill(-group, signal)
    } catch {
      groups.delete(group)
    }
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const group = Number(line.slice(1))
  if (line.startsWith('+')) groups.add(group)
  else groups.delete(group)
})
lines.on('close', () => {
  endAll('SIGTERM')
  if (groups.size > 0) setTimeout(endAll, GRACE_MS, 'SIGKILL')
})
