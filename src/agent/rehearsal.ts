import { TargetCredentials } from '../drivers/credentials.ts'
import type { Protocol } from '../drivers/driver.ts'
import { systemClock } from '../load/clock.ts'
import { Round } from '../load/round.ts'
import type { Case } from '../plan/plan.ts'
import { callShape, messagesOf } from '../plan/streams.ts'
import { Recorder } from '../record/recorder.ts'
import { optionsOf } from '../scenario/target-options.ts'

/** Enough for the engine to compile what runs once per call; it takes a few tenths of a second. */
const CALLS = 3000
const CONCURRENCY = 4
const TIMEOUT_MS = 1000
/** What can be said over every protocol. */
const API = 'raw'

/**
 * Runs a protocol's whole path of a call (load, driver, recorder) against a server of its own that does nothing.
 * JavaScript is interpreted until it has run often; at 100 calls a second that would take a minute, in which the
 * generator adds tenths of a millisecond to every call. Nothing of it is kept.
 */
export async function rehearse(protocol: Protocol): Promise<void> {
  const options = optionsOf(protocol.name, {})
  const [scheme, kind] = [`${protocol.schemes[0]}:`, protocol.kinds[0]!]
  const server = await protocol.idleServer({ api: API, scheme, options, kind, certificate: null })
  try {
    const { url, calls = CALLS } = server
    const planned = caseOf(protocol, url, { ...options, ...server.options }, calls)
    const { target, payload, timeouts } = planned
    const codec = await protocol.idleCodec(protocol.codec({ target, payload, file: null }))
    const recorder = new Recorder({ stamps: protocol.stamps, calls: callShape(planned) }, [], null)
    const round = new Round({
      case: planned,
      driver: await protocol.driver({
        target,
        credentials: new TargetCredentials(target),
        codec,
        timeouts,
        trace: null,
      }),
      clock: systemClock,
      recording: recorder,
      schedule: null,
      concurrency: CONCURRENCY,
      calls,
      connections: null,
      throttle: null,
      messages: messagesOf(planned),
    })
    await round.prepare()
    await round.run(systemClock.now())
    recorder.finish()
  } finally {
    server.close()
  }
}

function caseOf(
  protocol: Protocol,
  url: string,
  options: Readonly<Record<string, unknown>>,
  calls: number,
): Case {
  return {
    name: 'rehearsal',
    target: {
      name: 'rehearsal',
      interface: protocol.name,
      api: API,
      url,
      model: null,
      headers: {},
      tls: { ca: null, cert: null, key: null, servername: null, verify: true },
      connection: 'reused',
      options,
    },
    labels: {},
    payload: { form: 'none', encoding: 'json', batch: 1, seed: 1, label: '' },
    load: {
      model: 'closed',
      concurrency: CONCURRENCY,
      warmupMs: 0,
      durationMs: null,
      calls,
      overflow: 'queue',
      connections: null,
    },
    rounds: 1,
    timeouts: { connectMs: TIMEOUT_MS, firstByteMs: null, idleMs: null, totalMs: TIMEOUT_MS },
    slo: [],
  }
}
