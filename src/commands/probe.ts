import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { dialect } from '../dialects/registry.ts'
import { PROTOCOLS, protocol } from '../drivers/registry.ts'
import { isSecureScheme } from '../drivers/transport/scheme.ts'
import { EXIT } from '../exit-codes.ts'
import { makePlan } from '../plan/make-plan.ts'
import type { Plan, Target } from '../plan/plan.ts'
import { probePage } from '../report/probe-page.ts'
import { pageReport } from '../report/table.ts'
import { probedWays } from '../result/probed-ways.ts'
import type { Probing } from '../result/probing.ts'
import { parseScenario } from '../scenario/load.ts'
import { UsageError } from '../scenario/problem.ts'
import { APIS, INTERFACES } from '../scenario/target-schema.ts'
import { measure } from './measure.ts'
import { tlsFacts } from './probe-tls.ts'
import { styleOf } from './report-options.ts'
import { Signals } from './signals.ts'
import { tellUnreachable } from './unreachable.ts'

interface ProbeFlags {
  interface?: string
  api?: string
  model?: string
  header: string[]
  calls: number
  timeout: number
  ca?: string
  insecure: boolean
  json: boolean
}

const MOST_CALLS = 1000
const CALL_TIMEOUT_MS = 10_000

/** Adds `probe`: what one endpoint's handshake is made of. */
export function registerProbe(program: Command): void {
  program
    .command('probe')
    .description('one endpoint’s handshake, phase by phase: on new, resumed and reused connections')
    .argument('<url>', 'the endpoint: https://…, grpcs://…, wss://…')
    .addOption(
      new Option('--interface <name>', 'its protocol (default: as the URL’s scheme says, else rest)').choices(
        Object.keys(INTERFACES),
      ),
    )
    .addOption(
      new Option(
        '--api <name>',
        'the message convention to call it in (default: the least that its protocol knows)',
      ).choices(Object.keys(APIS)),
    )
    .option('--model <name>', 'the model to ask for')
    .option(
      '--header <header>',
      'a header to send, like "name: value"; a value from the environment is written as in a scenario; may be repeated',
      append,
      [],
    )
    .option('--calls <count>', 'how often each way to connect is tried', count, 20)
    .option('--timeout <seconds>', 'how long a connection may take', seconds, 10)
    .option('--ca <file>', 'PEM file with the certificates to trust')
    .option('--insecure', 'accept any certificate', false)
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      '\nExit codes: 0 connected, 114 it cannot be reached, 2 wrong usage, 130/143 interrupted.',
    )
    .action(async (url: string, flags: ProbeFlags) => {
      process.exitCode = await probe(url, flags, program.version() ?? 'unknown')
    })
}

async function probe(given: string, flags: ProbeFlags, tool: string): Promise<number> {
  const { url, interfaceName } = endpointOf(given, flags)
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = await addressesOf(hostname)
  const families = [...new Set(addresses.map(({ family }) => family))].sort()
  const isSecure = isSecureScheme(url.protocol)
  const spoken = callOf(interfaceName, flags)
  const plan = await planOf({
    url: given,
    families: net.isIP(hostname) || families.length === 0 ? [null] : families,
    connections: connectionsOf(isSecure, spoken.isHeld),
    target: { interface: interfaceName, ...spoken.target },
    payload: spoken.payload,
    isHeld: spoken.isHeld,
    flags,
  })
  const signals = new Signals()
  try {
    const port = Number(url.port) || (isSecure ? 443 : 80)
    const ca = flags.ca === undefined ? undefined : readFileSync(flags.ca)
    const facts = isSecure ? await tlsFacts({ hostname, port, ca, timeoutMs: flags.timeout * 1000 }) : null
    const measured = await measure({
      plan,
      workers: 1,
      region: null,
      toolVersion: tool,
      reference: null,
      freshReference: async () => null,
      env: process.env,
      stopped: signals.stopped,
      serverLost: null,
      watcher: { begin() {}, floor() {}, round() {} },
      floors: false,
      baseline: null,
    })
    const isUnreachable = 'unreachable' in measured
    const probing: Probing = {
      tool,
      url: given,
      interface: interfaceName,
      api: spoken.target.api,
      addresses,
      tls: facts,
      ways: isUnreachable ? [] : probedWays(measured.result.cases, plan),
    }
    // What is wrong with a certificate stands in it, so it is shown although nothing could be measured.
    const isWorthTelling = !isUnreachable || facts !== null || flags.json
    if (isWorthTelling)
      process.stdout.write(
        flags.json
          ? `${JSON.stringify(probing, null, 2)}\n`
          : pageReport(probePage(probing), styleOf(process.stdout, process.env)),
      )
    // Every way to it is the same to somebody who asks for one URL.
    if (isUnreachable) return tellUnreachable(measured.unreachable.slice(0, 1))[0]!
    return signals.code ?? EXIT.pass
  } finally {
    signals.release()
  }
}

function endpointOf(given: string, { interface: named }: ProbeFlags): { url: URL; interfaceName: string } {
  if (!URL.canParse(given))
    throw new UsageError(`${given}: this is not a URL; write it like https://example.com`)
  const url = new URL(given)
  const scheme = url.protocol.slice(0, -1)
  const interfaceName = named ?? PROTOCOLS.find(({ schemes }) => schemes.includes(scheme))?.name
  if (interfaceName !== undefined) return { url, interfaceName }
  const known = [...new Set(PROTOCOLS.flatMap(({ schemes }) => schemes))]
  throw new UsageError(`${given}: no interface has the scheme ${scheme}; known are ${known.join(', ')}`)
}

interface Spoken {
  target: { api: string } & Record<string, unknown>
  payload: Record<string, unknown> | null
  /** Nothing is called: connections are opened, held for a moment, and closed. */
  isHeld: boolean
}

/** Connections that nothing is called on are all new ones. */
function connectionsOf(isSecure: boolean, isHeld: boolean): Target['connection'][] {
  if (isHeld) return ['cold']
  return isSecure ? ['cold', 'resumed', 'reused'] : ['cold', 'reused']
}

/** The least that can be asked of a server of which nothing is known but its protocol. */
const LEAST_CALLS: Readonly<Record<string, Record<string, unknown>>> = {
  grpc: { service: 'grpc.health.v1.Health', method: 'Check' },
  mcp: { method: 'tools/list' },
}
const SMALL_PAYLOADS: Readonly<Record<string, Record<string, unknown>>> = {
  size: { size: '256B' },
  tokens: { prompt_tokens: 4, output_tokens: 4 },
}

function callOf(interfaceName: string, { api, model }: ProbeFlags): Spoken {
  if (api === undefined) {
    // No message is answered by every server of WebSocket, and waiting for nothing would take long.
    const isHeld = interfaceName === 'websocket'
    return { target: { api: 'raw', ...LEAST_CALLS[interfaceName] }, payload: null, isHeld }
  }
  const spoken = dialect(api)
  if (!protocol(interfaceName).speaks(spoken))
    throw new UsageError(`--api ${api} is not spoken over ${interfaceName}`)
  return {
    target: { api, ...(model !== undefined && { model }) },
    payload: SMALL_PAYLOADS[spoken.form] ?? null,
    isHeld: false,
  }
}

/** As the system tells them, so that the order is that of any other program. Empty where the name has none. */
async function addressesOf(hostname: string): Promise<Probing['addresses']> {
  const literal = net.isIP(hostname)
  if (literal) return [{ address: hostname, family: literal === 4 ? 4 : 6 }]
  const found = await lookup(hostname, { all: true }).catch(() => [])
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
}

interface Ways {
  url: string
  families: readonly (4 | 6 | null)[]
  connections: readonly Target['connection'][]
  target: Record<string, unknown>
  payload: Record<string, unknown> | null
  isHeld: boolean
  flags: ProbeFlags
}

/** A scenario with a target for each way to connect, so that a probe's numbers are those of any run. */
async function planOf({ url, families, connections, target, payload, isHeld, flags }: Ways): Promise<Plan> {
  const { ca, insecure, header, calls, timeout } = flags
  const tls = { ...(ca !== undefined && { ca }), ...(insecure && { verify: false }) }
  const targets = families.flatMap((family) =>
    connections.map((connection) => [
      `${family === null ? '' : `IPv${family}-`}${connection}`,
      {
        ...target,
        url,
        connection,
        ...(family !== null && { family }),
        ...(header.length > 0 && { headers: Object.fromEntries(header.map(splitHeader)) }),
        ...(Object.keys(tls).length > 0 && { tls }),
      },
    ]),
  )
  const spec = {
    name: 'probe',
    targets: Object.fromEntries(targets),
    defaults: {
      rounds: 1,
      floor: 'off',
      ...(payload && { payload }),
      timeout: { connect: `${timeout}s`, total: `${CALL_TIMEOUT_MS}ms` },
      load: isHeld
        ? { model: 'idle', sessions: calls, concurrency: 1, duration: '100ms', warmup: '0s' }
        : { model: 'closed', concurrency: 1, calls, warmup: '0s' },
    },
  }
  // JSON is YAML. Paths are relative to where the command runs.
  const scenario = await parseScenario('probe', JSON.stringify(spec, null, 2), { env: process.env })
  return makePlan(scenario, { reference: null })
}

function splitHeader(text: string): [string, string] {
  const [, name, value] = /^([^:]+):\s*(.*)$/.exec(text) ?? []
  if (name === undefined) throw new UsageError('--header: write it like "name: value"')
  return [name.trim(), value!]
}

function append(value: string, before: string[]): string[] {
  return [...before, value]
}

function count(value: string): number {
  const number = Number(value)
  if (Number.isInteger(number) && number >= 1 && number <= MOST_CALLS) return number
  throw new InvalidArgumentError(`It must be a number from 1 to ${MOST_CALLS}.`)
}

function seconds(value: string): number {
  const number = Number(value)
  if (number > 0 && number <= 600) return number
  throw new InvalidArgumentError('It must be a number of seconds, to 600.')
}
