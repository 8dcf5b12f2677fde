/** What must be alike for two results to be compared, because it changes numbers without the server having changed. */

import { z } from 'zod'
import type { Difference } from '../result/comparison.ts'
import type { CaseResult, Result } from '../result/document.ts'

/** By these names a difference is allowed. */
export const ASPECTS = {
  machine: 'CPU model and cores',
  runtime: 'major version of Node',
  tool: 'version of infer-bench',
  workers: 'load threads',
  provider: 'what the bundled server computes on',
  region: 'where the load was made',
  load: 'how calls were made: model, rate, concurrency, connections, length of a round, warm-up',
  payload: 'what was sent',
  connection: 'whether connections were new, resumed or reused',
  interface: 'the protocol and the API',
} as const satisfies Record<string, string>
export type Aspect = keyof typeof ASPECTS

/** What differs, in words; a result of another version may know aspects that this one does not. */
export function aspectText(what: string): string {
  return Object.hasOwn(ASPECTS, what) ? ASPECTS[what as Aspect] : what
}

export function runDifferences(baseline: Result, candidate: Result): Difference[] {
  return differences(ofRun(baseline), ofRun(candidate))
}

function ofRun({ environment, region }: Result): Partial<Record<Aspect, string>> {
  const { cpu, cores, node, tool, workers, server } = environment
  return {
    machine: `${cpu}, ${cores} cores`,
    runtime: `Node ${node.split('.', 1)[0]}`,
    tool,
    workers: String(workers),
    provider: server?.provider ?? 'none',
    region: region ?? 'none',
  }
}

/** A result's own account of what a case was; read with care, because a stranger may have written it. */
const plannedSchema = z.object({
  name: z.string(),
  payload: z.record(z.string(), z.unknown()),
  target: z.object({ connection: z.string() }),
})
const plannedCasesSchema = z.object({ cases: z.array(z.unknown()) })

/** A case as it was planned, by its name; null where the result does not tell. */
export function plannedCase(
  { scenario }: Pick<Result, 'scenario'>,
  name: string,
): z.infer<typeof plannedSchema> | null {
  const plan = plannedCasesSchema.safeParse(scenario)
  if (!plan.success) return null
  for (const one of plan.data.cases) {
    const planned = plannedSchema.safeParse(one)
    if (planned.success && planned.data.name === name) return planned.data
  }
  return null
}

interface Side {
  result: Result
  one: CaseResult
}

export function caseDifferences(baseline: Side, candidate: Side): Difference[] {
  return differences(ofCase(baseline), ofCase(candidate))
}

function ofCase({ result, one }: Side): Partial<Record<Aspect, string>> {
  const planned = plannedCase(result, one.name)
  return {
    interface: `${one.interface} ${one.api}`,
    load: words(one.load),
    ...(planned && { payload: words(planned.payload), connection: planned.target.connection }),
  }
}

/** Keys in a fixed order, so that equal settings read alike; what is null was not set. */
function words(settings: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ')
}

function differences(
  baseline: Partial<Record<Aspect, string>>,
  candidate: Partial<Record<Aspect, string>>,
): Difference[] {
  return (Object.keys(baseline) as Aspect[]).flatMap((what) => {
    const [before, after] = [baseline[what], candidate[what]]
    return before === undefined || after === undefined || before === after
      ? []
      : { what, baseline: before, candidate: after }
  })
}
