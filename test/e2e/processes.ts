import { readdirSync, readFileSync } from 'node:fs'

/** Whether the process runs; one that has ended and waits to be looked at does not. */
export function isAlive(pid: number): boolean {
  return statusOf(pid)?.state !== undefined && statusOf(pid)?.state !== 'Z'
}

/** Processes that the given one has started, and those that they have started. */
export function descendants(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: statusOf(Number(name))?.parent }))
  const children = (parent: number): number[] =>
    parents.filter((one) => one.parent === parent).flatMap((one) => [one.pid, ...children(one.pid)])
  return children(pid)
}

function statusOf(pid: number): { state: string; parent: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name stands in brackets, and may hold any character.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: state!, parent: Number(parent) }
  } catch {
    return null
  }
}
