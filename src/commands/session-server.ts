/** Who tells what a server uses, and whose server the sessions of an idle load are. */

import type { UsageSource } from '../agent/server-usage.ts'
import type { SessionServer } from '../agent/session-runner.ts'
import type { Case, Plan } from '../plan/plan.ts'
import { fillTarget } from '../scenario/environment.ts'
import type { ReferenceProcess, ReferenceReady } from './reference-process.ts'

/** The bundled server once more, used by nobody before, and the plan with its addresses. Null where the user ended the run. */
export type FreshReference = () => Promise<{ plan: Plan; server: ReferenceProcess } | null>

interface Known {
  reference: ReferenceReady | null
  env: Record<string, string | undefined>
}

/** A page only of the bundled server: one that nobody asked for would be a request too many. Null: nobody tells. */
export function usageSource({ target }: Case, { reference, env }: Known): UsageSource | null {
  if (target.pid !== undefined) return { pid: target.pid }
  if (reference === null) return null
  // Hosts, because a URL of a scheme that is not the web's has no origin.
  const { host } = new URL(fillTarget(target, env).url)
  const { httpUrl, httpsUrl, grpcUrl, grpcsUrl } = reference
  const isReference = [httpUrl, httpsUrl, grpcUrl, grpcsUrl].some((url) => url && new URL(url).host === host)
  return isReference ? { metricsUrl: `${httpUrl}/metrics` } : null
}

/**
 * For a round of an idle load the bundled server is started anew: what a server once had stands ready for the next
 * sessions, and would hide what they take. Any other server is as it is.
 */
export async function sessionServer(
  caseIndex: number,
  { plan, freshReference, ...known }: Known & { plan: Plan; freshReference: FreshReference },
): Promise<{ plan: Plan; server: SessionServer; lost: AbortSignal | null } | null> {
  const usage = usageSource(plan.cases[caseIndex]!, known)
  if (usage === null || 'pid' in usage) {
    return { plan, lost: null, server: { usage, settle: async () => {}, close: async () => {} } }
  }
  const fresh = await freshReference()
  if (!fresh) return null
  const { server } = fresh
  return {
    plan: fresh.plan,
    lost: server.lost,
    server: {
      usage: usageSource(fresh.plan.cases[caseIndex]!, { ...known, reference: server.ready }),
      settle: () => server.settle(),
      close: () => server.stop(),
    },
  }
}
