import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Whether the process runs; one that has ended and waits to be looked at does not. */
export function isAlive(pid: number): boolean {
  return statusOf(pid)?.state !== undefined && statusOf(pid)?.state !== 'Z'
}

/** Processes that the given one has started, and those that they have started. */
export function descendants(pid: number): number[] {
  const parents = allPids().map((one) => ({ pid: one, parent: statusOf(one)?.parent }))
  const children = (parent: number): number[] =>
    parents.filter((one) => one.parent === parent).flatMap((one) => [one.pid, ...children(one.pid)])
  return children(pid)
}

/**
 * Processes that were started with this folder for their temporary files: all that a run starts inherit it, also what
 * has lost its parent since.
 */
export function processesIn(temporaryFolder: string): number[] {
  return allPids().filter((pid) => {
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
      return variables.includes(`TMPDIR=${temporaryFolder}`) && isAlive(pid)
    } catch {
      return false
    }
  })
}

/** Ports on which these processes listen, by the inode of the socket, which no other socket has. */
export function listeningIn(pids: readonly number[]): Map<string, number> {
  const own = new Set(pids.flatMap(socketsOf))
  return new Map([...listening()].filter(([inode]) => own.has(inode)))
}

/** The same of all processes of this machine. */
export function listening(): Map<string, number> {
  const LISTEN = '0A'
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readFileSync(file, 'utf8').trim().split('\n').slice(1),
  )
  const sockets = lines.map((line) => line.trim().split(/\s+/))
  return new Map(
    sockets
      .filter(([, , , state]) => state === LISTEN)
      .map((fields) => [fields[9]!, Number.parseInt(fields[1]!.split(':')[1]!, 16)]),
  )
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
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
