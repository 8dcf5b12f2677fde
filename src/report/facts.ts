import { z } from 'zod'
import type { Result } from '../result/document.ts'
import { clean } from './clean.ts'
import { duration, whole } from './numbers.ts'

/** What a page is called, and why it may not be all that was asked for. */
export function pageTitle({ name, cancelled, incomplete }: Result): string {
  const marks = [...(cancelled ? ['(cancelled)'] : []), ...(incomplete ? ['(incomplete)'] : [])]
  return [clean(name) || 'unnamed', ...marks].join(' ')
}

/** Which run this was, what it ran on, and against what: one line each. */
export function environmentFacts(result: Result): string[] {
  const { environment } = result
  const lengthMs = Date.parse(result.end_time) - Date.parse(result.start_time)
  const rounds = Math.max(0, ...result.cases.map((item) => item.rounds.length))
  const run = [
    `${clean(result.start_time)
      .replace('T', ' ')
      .replace(/(?:\.\d+)?Z$/, ' UTC')}${lengthMs > 0 ? `, ${duration(lengthMs)}` : ''}`,
    counted(result.cases.length, 'case'),
    ...(rounds > 0 ? [counted(rounds, 'round')] : []),
    ...(result.region === null ? [] : [`region ${clean(result.region)}`]),
  ]
  const machine = [
    `infer-bench ${clean(environment.tool)}`,
    `Node ${clean(environment.node)}`,
    `${clean(environment.os)} ${clean(environment.kernel)}`,
    clean(environment.cpu),
    counted(environment.cores, 'core'),
    counted(environment.workers, 'worker'),
  ]
  return [run.join(', '), machine.join(', '), ...serverFacts(environment.server)]
}

function serverFacts(server: Result['environment']['server']): string[] {
  if (!server) return []
  const skipped = server.providers_skipped.map(
    ({ provider, reason }) => `${clean(provider)} skipped: ${firstSentence(clean(reason))}`,
  )
  return [
    [`server ${clean(server.name)} ${clean(server.version)} on ${clean(server.provider)}`, ...skipped].join(
      '; ',
    ),
  ]
}

/** The rest of a loader's message is advice, which stands in the result file. */
function firstSentence(text: string): string {
  return text.split(/[.;] /, 1)[0]!
}

function counted(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** What of the plan a reader must know; read with care, because the plan of another version may differ. */
const planSchema = z.object({
  cases: z.array(
    z.object({ target: z.object({ name: z.string(), tls: z.object({ verify: z.boolean() }) }) }).catch({
      target: { name: '', tls: { verify: true } },
    }),
  ),
})

export function scenarioWarnings({ scenario }: Result): string[] {
  const plan = planSchema.safeParse(scenario)
  if (!plan.success) return []
  const unverified = plan.data.cases
    .filter(({ target }) => !target.tls.verify)
    .map(({ target }) => clean(target.name))
  if (unverified.length === 0) return []
  return [`TLS certificates were not verified: ${[...new Set(unverified)].join(', ')}`]
}
