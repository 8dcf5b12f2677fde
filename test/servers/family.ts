/**
 * A process with a child, for a test of what the system tells of both. Asked `own`, or by a message to the parent
 * `child`, one of the two works for as much CPU time as a test can tell from none, keeps some memory, and says what it
 * has used itself; asked `end`, the child ends.
 */

import { type ChildProcess, fork } from 'node:child_process'

const WORK_MS = 300
const KEPT_BYTES = 64 * 1024 * 1024

interface Used {
  cpuSeconds: number
  residentBytes: number
}

const isChild = process.argv[2] === 'child'
const kept: Buffer[] = []
let child: ChildProcess | null = null

if (!isChild) {
  child = fork(new URL(import.meta.url), ['child'])
  child.on('message', (used) => process.send!(used))
  child.once('exit', () => process.connected && process.send!('ended'))
  child.once('spawn', () => process.send!(child!.pid))
}
process.on('message', (asked: 'own' | 'child' | 'end') => {
  if (!isChild && asked !== 'own') child!.send(asked)
  else if (asked === 'end') process.exit(0)
  else process.send!(work())
})
process.on('disconnect', () => process.exit(0))

function work(): Used {
  const before = process.cpuUsage()
  kept.push(Buffer.alloc(KEPT_BYTES, 1))
  for (let spentUs = 0; spentUs < WORK_MS * 1000; ) {
    const { user, system } = process.cpuUsage(before)
    spentUs = user + system
  }
  const { user, system } = process.cpuUsage()
  return { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() }
}
