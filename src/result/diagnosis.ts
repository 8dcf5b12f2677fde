/** What a machine is, and what of it stands in the way of measuring. */

export interface MachineFacts {
  node: { version: string; path: string }
  os: string
  kernel: string
  cpu: string
  cores: number
  /** Cores' worth of time that the container may use. Null: no limit, or none that can be read. */
  cpu_quota: number | null
  /** Of the CPU time while it was looked at, what the hypervisor gave to others. Null: not told. */
  steal_share: number | null
  governors: string[] | null
  clock_resolution_ms: number
  clock_source: string | null
  /** By how much sleeps are too long. */
  timer_lateness: { p50_ms: number; p99_ms: number }
  /** Null within it: unlimited. */
  file_descriptors: { soft: number | null; hard: number | null } | null
  ephemeral_ports: { first: number; last: number } | null
  somaxconn: number | null
}

/** A protocol's floor on this machine: a small call to a server that does nothing. */
export interface ProtocolFloor {
  interface: string
  api: string
  /** In a closed loop, one call after the other. Null where it could not be measured. */
  p50_ms: number | null
  p99_ms: number | null
  /** The most that one load thread made, with `concurrency` calls under way. */
  calls_per_second: number | null
  concurrency: number
  /** Why a number is missing. */
  reason: string | null
}

interface ProviderTrial {
  provider: string
  /** ONNX Runtime's version where the provider runs. */
  version: string | null
  reason: string | null
}

export interface Diagnosis {
  tool: string
  machine: MachineFacts
  floors: ProtocolFloor[]
  onnxruntime: {
    /** Empty where ONNX Runtime is not installed. */
    providers: ProviderTrial[]
    /** How to get it where it is not installed. */
    missing: string | null
  }
  findings: Finding[]
}

export interface Finding {
  name: string
  found: string
  /** What is well. */
  limit: string
  /** `unknown`: this system does not tell. */
  state: 'good' | 'bad' | 'unknown'
  /** What to do about it; null where nothing has to be done. */
  advice: string | null
}

interface Rule {
  name: string
  limit: string
  /** Null: it cannot be read here. */
  found(facts: MachineFacts): string | null
  isBad(facts: MachineFacts): boolean
  advice: string
}

const CLOCK_MS = 0.001
const TIMER_P99_MS = 5
const FEWEST_CORES = 2
const MOST_STEAL = 0.01
const FEWEST_DESCRIPTORS = 4096
const FEWEST_PORTS = 20_000
/** For how long a system keeps the port of a connection that has ended. */
const TIME_WAIT_S = 60
const SOMAXCONN = 1024
export const FLOOR_P50_MS = 2

/** Every limit, what is well, and what to do where it is not. */
export const RULES: readonly Rule[] = [
  {
    name: 'clock resolution',
    limit: '1 µs or finer',
    found: (facts) =>
      `${Math.round(facts.clock_resolution_ms * 1e6)} ns${facts.clock_source ? ` (${facts.clock_source})` : ''}`,
    isBad: (facts) => facts.clock_resolution_ms > CLOCK_MS,
    advice:
      'Latencies are rounded to it. On Linux, have the kernel use the clock source tsc; a virtual machine may hide it.',
  },
  {
    name: 'timer lateness',
    limit: `p99 of at most ${TIMER_P99_MS} ms`,
    found: ({ timer_lateness: { p50_ms, p99_ms } }) =>
      `p50 ${p50_ms.toFixed(2)} ms, p99 ${p99_ms.toFixed(2)} ms`,
    isBad: ({ timer_lateness: { p99_ms } }) => p99_ms > TIMER_P99_MS,
    advice:
      'Other work takes the cores, and arrivals would be late by as much. Stop it, or give infer-bench a core of its own (taskset).',
  },
  {
    name: 'cores',
    limit: `${FEWEST_CORES} or more`,
    found: ({ cores, cpu }) => `${cores} (${cpu})`,
    isBad: ({ cores }) => cores < FEWEST_CORES,
    advice: 'Load and progress share one core with all else. Do not run the server on this machine, too.',
  },
  {
    name: 'CPU quota',
    limit: `none, or ${FEWEST_CORES} cores or more`,
    found: ({ cpu_quota: quota }) => (quota === null ? 'none' : `${Number(quota.toFixed(2))} cores`),
    isBad: ({ cpu_quota: quota }) => quota !== null && quota < FEWEST_CORES,
    advice:
      'A container that has used up its share is stopped for the rest of each period, which looks like a slow server. Give it more (docker run --cpus, or the limits of the pod).',
  },
  {
    name: 'stolen CPU time',
    limit: 'at most 1%',
    found: ({ steal_share: share }) => (share === null ? null : `${Number((share * 100).toFixed(2))}%`),
    isBad: ({ steal_share: share }) => share !== null && share > MOST_STEAL,
    advice:
      'The hypervisor gives the cores to other guests. Take a machine with cores of its own, or measure when it is quiet.',
  },
  {
    name: 'CPU governor',
    limit: 'performance',
    found: ({ governors }) => governors?.join(', ') ?? null,
    isBad: ({ governors }) => governors?.some((name) => name !== 'performance') ?? false,
    advice:
      'The clock rate follows the load, so a light load looks slower than a heavy one: cpupower frequency-set -g performance',
  },
  {
    name: 'file descriptors',
    limit: `${FEWEST_DESCRIPTORS} or more`,
    found: ({ file_descriptors: limits }) =>
      limits && `${limits.soft ?? 'unlimited'} (at most ${limits.hard ?? 'unlimited'})`,
    isBad: ({ file_descriptors: limits }) =>
      limits !== null && (limits.soft ?? Infinity) < FEWEST_DESCRIPTORS,
    advice: 'Each connection takes one: ulimit -n 65536, or LimitNOFILE= of the service.',
  },
  {
    name: 'ephemeral ports',
    limit: `${FEWEST_PORTS} or more`,
    found: ({ ephemeral_ports: ports }) =>
      ports && `${ports.first} to ${ports.last}: ${ports.last - ports.first + 1}`,
    isBad: ({ ephemeral_ports: ports }) => ports !== null && ports.last - ports.first + 1 < FEWEST_PORTS,
    advice: `The port of a connection that has ended is kept for ${TIME_WAIT_S} s, so cold connections run out of them: sysctl -w net.ipv4.ip_local_port_range="1024 65535"`,
  },
  {
    name: 'somaxconn',
    limit: `${SOMAXCONN} or more`,
    found: ({ somaxconn }) => somaxconn?.toString() ?? null,
    isBad: ({ somaxconn }) => somaxconn !== null && somaxconn < SOMAXCONN,
    advice:
      'A server on this machine refuses or delays connections that are opened at once: sysctl -w net.core.somaxconn=4096',
  },
  {
    name: 'Node.js',
    limit: '22.19 or later',
    found: ({ node }) => `${node.version} (${node.path})`,
    isBad: () => false,
    advice: '',
  },
]

const NOT_TOLD = 'not told by this system'

export function machineFindings(facts: MachineFacts): Finding[] {
  return RULES.map(({ name, limit, found: read, isBad, advice }): Finding => {
    const found = read(facts)
    if (found === null) return { name, found: NOT_TOLD, limit, state: 'unknown', advice: null }
    return isBad(facts)
      ? { name, found, limit, state: 'bad', advice }
      : { name, found, limit, state: 'good', advice: null }
  })
}

const SLOW_FLOOR =
  'The machine is slow, or busy with other things: nothing faster than this can be measured here.'

export function floorFindings(floors: readonly ProtocolFloor[]): Finding[] {
  return floors.map(({ interface: name, p50_ms: p50Ms, reason }): Finding => {
    const isBad = p50Ms === null || p50Ms > FLOOR_P50_MS
    return {
      name: `floor of ${name}`,
      found: p50Ms === null ? 'could not be measured' : `p50 ${p50Ms.toFixed(3)} ms`,
      limit: `p50 of at most ${FLOOR_P50_MS} ms`,
      state: isBad ? 'bad' : 'good',
      advice: p50Ms === null ? reason : isBad ? SLOW_FLOOR : null,
    }
  })
}

export function providerFinding({ providers, missing }: Diagnosis['onnxruntime']): Finding {
  const running = providers.filter(({ version }) => version !== null)
  const skipped = providers.flatMap(({ provider, reason }) =>
    reason === null ? [] : [`${provider}: ${reason}`],
  )
  return {
    name: 'ONNX Runtime',
    found:
      running.length > 0
        ? `${running[0]!.version}: ${running.map(({ provider }) => provider).join(', ')}`
        : missing === null
          ? 'no provider runs'
          : 'not installed',
    limit: 'a provider that runs, for the bundled server',
    state: running.length > 0 ? 'good' : 'bad',
    advice: running.length > 0 ? null : (missing ?? skipped.join('; ')),
  }
}
