import { Floors } from '../agent/floors.ts'
import { Threads } from '../agent/threads.ts'
import { DIALECTS } from '../dialects/registry.ts'
import type { Protocol } from '../drivers/driver.ts'
import { PROTOCOLS } from '../drivers/registry.ts'
import type { Case, Payload } from '../plan/plan.ts'
import { initHistograms } from '../record/histogram.ts'
import type { ProtocolFloor } from '../result/diagnosis.ts'
import type { Floor } from '../result/document.ts'
import { assembleFloor } from '../result/floor.ts'
import { optionsOf } from '../scenario/target-options.ts'
import { makeIdleCertificate } from './idle-certificate.ts'

/** Enough calls under way to keep a load thread busy. */
const CONCURRENCY = 32
/** A floor takes a tenth of its case's length. */
const CASE_MS = 2500

const COMMON = { encoding: 'json', batch: 1, seed: 1, label: '' } as const
const TENSOR: Payload = { ...COMMON, form: 'size', byteCount: 1024 }
const PROMPT: Payload = { ...COMMON, form: 'tokens', promptTokens: 32, outputTokens: 32, ignoreEos: false }

/** The floor of each protocol on this machine. `begun` is told which one is next. */
export async function protocolFloors(begun: (name: string) => void): Promise<ProtocolFloor[]> {
  await initHistograms()
  const cases = PROTOCOLS.map((protocol) => ({
    one: smallCall(protocol, 1),
    many: smallCall(protocol, CONCURRENCY),
  }))
  const plan = {
    name: 'doctor',
    description: null,
    seed: 1,
    server: null,
    report: 'cases' as const,
    cases: [],
    thresholds: [],
  }
  const threads = new Threads({ plan, workers: 1, tracePrefix: null })
  const floors = new Floors({
    cases: cases.flatMap(({ one, many }) => [one, many]),
    env: {},
    runner: threads,
    certificate: makeIdleCertificate,
    isStopped: () => false,
  })
  const measure = async (planned: Case): Promise<Floor> => {
    const measured = await floors.of(planned, null, () => {})
    return assembleFloor(measured!)
  }
  try {
    const found: ProtocolFloor[] = []
    for (const { one, many } of cases) {
      const { interface: name, api } = one.target
      begun(name)
      const [alone, busy] = [await measure(one), await measure(many)]
      const latency = alone.metrics.request_latency
      found.push({
        interface: name,
        api,
        p50_ms: latency?.p50 ?? null,
        p99_ms: latency?.p99 ?? null,
        calls_per_second: busy.summary?.request_throughput ?? null,
        concurrency: CONCURRENCY,
        reason: alone.reason ?? busy.reason,
      })
    }
    return found
  } finally {
    await floors.close()
    await threads.close()
  }
}

/** A small tensor, or a prompt, in the first convention that is spoken over the protocol. */
function smallCall(protocol: Protocol, concurrency: number): Case {
  const dialect = DIALECTS.find((one) => one.form !== 'none' && protocol.speaks(one))!
  return {
    name: protocol.name,
    target: {
      name: protocol.name,
      interface: protocol.name,
      api: dialect.name,
      url: `${protocol.schemes[0]}://127.0.0.1/`,
      model: 'none',
      headers: {},
      tls: { ca: null, cert: null, key: null, servername: null, verify: true },
      connection: 'reused',
      options: optionsOf(protocol.name, {}),
    },
    labels: {},
    payload: dialect.form === 'size' ? TENSOR : PROMPT,
    load: {
      model: 'closed',
      concurrency,
      warmupMs: 0,
      durationMs: CASE_MS,
      calls: null,
      overflow: 'queue',
      connections: null,
    },
    rounds: 1,
    timeouts: { connectMs: 2000, firstByteMs: null, idleMs: null, totalMs: 5000 },
    slo: [],
    floor: 'on',
  }
}
