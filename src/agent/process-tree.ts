/** A process and all that descend from it, as Linux tells of them in `/proc`. */

import { readdirSync, readFileSync } from 'node:fs'
import type { ServerUsage } from './server-usage.ts'

/** What the kernel counts CPU time in for programs, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100

interface Process {
  pid: number
  parent: number
  /** Its own, and that of children that have ended and that it has taken leave of. */
  cpuTicks: number
}

/**
 * Their CPU time, in steps of 10 ms a process, and their resident memory; a page that several share counts for each.
 * What a child has used that has ended is its parent's. Null where there is no such process.
 */
export function usageOfTree(pid: number): ServerUsage | null {
  const root = processOf(pid)
  if (!root) return null
  const tree = [root, ...descendants(pid)]
  return {
    cpuSeconds: tree.reduce((sum, { cpuTicks }) => sum + cpuTicks, 0) / TICKS_PER_SECOND,
    residentBytes: tree.reduce((sum, one) => sum + residentBytes(one.pid), 0),
  }
}

/** False for one that has ended, also where nobody has taken leave of it. */
export function isRunning(pid: number): boolean {
  return processOf(pid) !== null
}

/** Whether this very process descends from it: what it uses would then hold the load's own. */
export function hasStartedThis(pid: number): boolean {
  for (let one = processOf(process.pid); one && one.parent > 0; one = processOf(one.parent)) {
    if (one.parent === pid) return true
  }
  return pid === process.pid
}

/** True where the system tells of processes at all. */
export function tellsOfProcesses(): boolean {
  return processOf(process.pid) !== null
}

function descendants(pid: number): Process[] {
  const children = Map.groupBy(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => processOf(Number(name)) ?? []),
    ({ parent }) => parent,
  )
  const found: Process[] = []
  for (let parents = [pid]; parents.length > 0; ) {
    const next = parents.flatMap((parent) => children.get(parent) ?? [])
    found.push(...next)
    parents = next.map((one) => one.pid)
  }
  return found
}

function processOf(pid: number): Process | null {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === null) return null
  // The name stands in brackets, and may hold any character.
  const [state, parent, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (state === 'Z' || state === 'X') return null
  // utime, stime, cutime and cstime are the fields 14 to 17 of the whole line.
  const cpuTicks = fields.slice(9, 13).reduce((sum, ticks) => sum + Number(ticks), 0)
  return { pid, parent: Number(parent), cpuTicks }
}

/** 0 for a process that has ended meanwhile. */
function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
  return Number(kibibytes ?? 0) * 1024
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
