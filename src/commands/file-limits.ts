/** Whether the system lets as many sessions stand as a scenario asks for: each takes a file of both sides. */

import { readFileSync } from 'node:fs'
import type { Plan } from '../plan/plan.ts'
import { type IdleCase, isIdle } from '../plan/schedule.ts'
import type { Scenario } from '../scenario/load.ts'
import { UsageError } from '../scenario/problem.ts'

/** What a process has open besides: libraries, models, what it listens on, what tells it to end. */
const OTHER_FILES = 100
/** The pipes of a program that is a session's server, and one to end it by. */
const FILES_OF_COMMAND = 4

/** Before anything is opened: afterwards it would look like a server that refuses. @throws UsageError */
export function checkFileLimits({ spec }: Scenario, { cases }: Plan, workers: number): void {
  for (const { name, load, target } of cases.filter(isIdle)) {
    const says = `case "${name}": ${load.sessions} sessions need`
    const most = mostFiles('self')
    const own = filesOfClient({ load, target }, workers)
    if (own > most) {
      const cure = `raise it (ulimit -n ${own}), share them among more --workers, or ask for fewer`
      throw new UsageError(
        `${says} ${own} open files in a process of this tool, which may have ${most}: ${cure}`,
      )
    }
    const mostOfServer = mostFilesOfServer(target, spec)
    const its = load.sessions + OTHER_FILES
    if (its > mostOfServer) {
      const cure = `raise it where the server starts (ulimit -n ${its}), or ask for fewer`
      throw new UsageError(`${says} ${its} open files in the server, which may have ${mostOfServer}: ${cure}`)
    }
  }
}

function filesOfClient({ load, target }: Pick<IdleCase, 'load' | 'target'>, workers: number): number {
  const filesOfSession = target.url.startsWith('stdio:') ? FILES_OF_COMMAND : 1
  // Handshakes may try two addresses at once.
  return Math.ceil(load.sessions / workers) * filesOfSession + load.concurrency + OTHER_FILES
}

/** The bundled server may have as many as this process, which starts it. Of one that nobody knows, nobody tells. */
function mostFilesOfServer({ name, pid }: IdleCase['target'], { targets }: Scenario['spec']): number {
  if (pid !== undefined) return mostFiles(pid)
  return targets[name]?.url?.includes('${reference.') ? mostFiles('self') : Number.POSITIVE_INFINITY
}

/** Infinity, too, where the system does not tell. */
function mostFiles(pid: number | 'self'): number {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
