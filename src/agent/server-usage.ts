import { usageToldAt } from './metrics-page.ts'
import { usageOfTree } from './process-tree.ts'

/** What a server has used so far, and holds now. Null: not told. */
export interface ServerUsage {
  /** User and system time since it started. */
  cpuSeconds: number | null
  residentBytes: number | null
}

/** Who tells: the server itself, on its page for Prometheus, or the system, of a process on this machine. */
export type UsageSource = { metricsUrl: string } | { pid: number }

const NOT_TOLD: ServerUsage = { cpuSeconds: null, residentBytes: null }

/** A server that has gone meanwhile tells nothing. */
export async function readUsage(source: UsageSource | null): Promise<ServerUsage> {
  if (source === null) return NOT_TOLD
  return ('pid' in source ? usageOfTree(source.pid) : await usageToldAt(source.metricsUrl)) ?? NOT_TOLD
}
