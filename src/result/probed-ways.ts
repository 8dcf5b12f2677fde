import type { Plan } from '../plan/plan.ts'
import { HANDSHAKE_METRICS } from '../record/metrics.ts'
import type { CaseResult, Distribution } from './document.ts'
import type { ProbedWay } from './probing.ts'

/** What each case of a probe's plan says of its way to connect. */
export function probedWays(cases: readonly CaseResult[], plan: Plan): ProbedWay[] {
  return plan.cases.flatMap(({ name, target }): ProbedWay[] => {
    const found = cases.find((one) => one.name === name)
    if (!found) return []
    const { metrics, summary, errors } = found
    const phases = HANDSHAKE_METRICS.flatMap((metric) => {
      const distribution = metrics[metric.name]
      return distribution ? [[metric.name, percentilesOf(distribution)] as const] : []
    })
    return [
      {
        family: target.family ?? null,
        connection: target.connection,
        connections: summary.connections,
        resumed: summary.resumed,
        handshake: Object.fromEntries(phases),
        call: metrics.service_time ? percentilesOf(metrics.service_time) : null,
        calls: summary.calls,
        errors: Object.fromEntries(
          [...Map.groupBy(errors, (error) => error.class)].map(([name, same]) => [
            name,
            same.reduce((sum, { count }) => sum + count, 0),
          ]),
        ),
      },
    ]
  })
}

function percentilesOf({ count, p50, p99 }: Distribution) {
  return { count, p50, p99 }
}
