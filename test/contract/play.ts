import { TargetCredentials } from '../../src/drivers/credentials.ts'
import { protocol } from '../../src/drivers/registry.ts'
import { isTraced, TraceIds } from '../../src/drivers/trace.ts'
import { UNMEASURED } from '../../src/drivers/unmeasured.ts'
import { systemClock, unixTime } from '../../src/load/clock.ts'
import { Round, type RoundEnd } from '../../src/load/round.ts'
import { Throttle } from '../../src/load/throttle.ts'
import type { Case, Load, Payload, Target, Timeouts } from '../../src/plan/plan.ts'
import { type OpenLoad, schedule, withRate } from '../../src/plan/schedule.ts'
import { callShape, messagesOf } from '../../src/plan/streams.ts'
import { decode, destroy, initHistograms, percentileMs } from '../../src/record/histogram.ts'
import { Recorder } from '../../src/record/recorder.ts'
import type { Counts, ErrorRecord } from '../../src/record/round-record.ts'
import type { TracedCalls } from '../../src/record/traced-calls.ts'
import { optionsOf } from '../../src/scenario/target-options.ts'

export interface Play {
  target: Partial<Target> & Pick<Target, 'interface' | 'url'>
  load?: Partial<Load>
  payload?: Payload
  timeouts?: Partial<Timeouts>
  retryAfter?: Case['retryAfter']
  reader?: Case['reader']
  /** The server is an idle one. */
  isIdle?: boolean
  /** Called once the round runs. */
  running?(round: Round): void
  /** Called with the credentials before the round, for a test that renews them while it runs. */
  authorized?(credentials: TargetCredentials): void
}

export interface Played {
  counts: Counts
  errors: ErrorRecord[]
  /** Error class to count. */
  classes: Record<string, number>
  end: RoundEnd
  /** Null where the target asks for no traces. */
  traced: TracedCalls | null
  /** How many values a metric has; 0 where it is absent. */
  valuesOf(metric: string): number
  p50(metric: string): number
}

/** Of a target that asks for traces. */
export const TRACE_PREFIX = '0123456789abcdef'

export const NOTHING: Payload = { form: 'none', encoding: 'json', batch: 1, seed: 1, label: '' }

export function caseOf({ target, load, payload, timeouts, retryAfter, reader }: Play): Case {
  return {
    name: 'played',
    target: {
      name: 'played',
      api: 'raw',
      model: null,
      headers: {},
      tls: { ca: null, cert: null, key: null, servername: null, verify: true },
      connection: 'reused',
      ...target,
      // The protocol's own defaults, as a scenario gets them.
      options: { ...target.options, ...optionsOf(target.interface, target.options ?? {}) },
    },
    labels: {},
    payload: payload ?? NOTHING,
    load: {
      model: 'closed',
      concurrency: 1,
      warmupMs: 0,
      durationMs: null,
      calls: 1,
      overflow: 'queue',
      connections: null,
      ...load,
    } as Load,
    rounds: 1,
    timeouts: { connectMs: 2000, firstByteMs: null, idleMs: null, totalMs: 5000, ...timeouts },
    slo: [],
    ...(retryAfter && { retryAfter }),
    ...(reader && { reader }),
  }
}

/** Plays one round of one case in this thread: load, driver and recorder as they are in a run. */
export async function play(what: Play): Promise<Played> {
  await initHistograms()
  const planned = withRate(caseOf(what), null)
  const { target, payload, timeouts, load } = planned
  const found = protocol(target.interface)
  const own = found.codec({ target, payload, file: null })
  const codec = what.isIdle ? await found.idleCodec(own) : own
  const trace = isTraced(target) ? new TraceIds(TRACE_PREFIX, 7, 1) : null
  const recorder = new Recorder(
    { stamps: found.stamps, calls: callShape(planned) },
    [],
    null,
    trace && { ids: trace, unixTime },
  )
  const credentials = new TargetCredentials(target)
  what.authorized?.(credentials)
  const driver = await found.driver({ target, credentials, codec, timeouts, trace })
  if (target.connection === 'resumed') {
    // As the agent does before each round: the first connection gets the session that the others resume.
    const first = await driver.open(UNMEASURED, AbortSignal.timeout(5000))
    first.close()
  }
  const round = new Round({
    case: planned,
    driver,
    clock: systemClock,
    recording: recorder,
    schedule:
      load.model === 'closed' ? null : schedule(load as OpenLoad, { round: 0, worker: 0, workers: 1 }),
    concurrency: load.model === 'closed' ? load.concurrency : 0,
    calls: load.model === 'closed' ? load.calls : null,
    messages: messagesOf(planned),
    connections: load.connections,
    throttle: planned.retryAfter === 'obey' ? new Throttle() : null,
  })
  await round.prepare()
  const running = round.run(systemClock.now())
  what.running?.(round)
  const end = await running
  await driver.close()
  const { histograms, errors, traced = null } = recorder.finish()
  const read = <Value>(
    metric: string,
    use: (histogram: ReturnType<typeof decode>) => Value,
  ): Value | undefined => {
    const text = histograms[metric]
    if (text === undefined) return undefined
    const histogram = decode(text)
    try {
      return use(histogram)
    } finally {
      destroy(histogram)
    }
  }
  const classes: Record<string, number> = {}
  for (const { outcome, count } of errors) classes[outcome.class] = (classes[outcome.class] ?? 0) + count
  return {
    counts: recorder.counts,
    errors,
    traced,
    classes,
    end,
    valuesOf: (metric) => read(metric, ({ totalCount }) => totalCount) ?? 0,
    p50: (metric) => read(metric, (histogram) => percentileMs(histogram, 50)) ?? Number.NaN,
  }
}
