/**
 * Do the phases of a handshake take the time that they take on the wire? Every interface opens connections over a link
 * of known round-trip time, and what the tool says of them is compared with the number of round trips that the
 * protocols need, and with a capture of the link's packets. INFER_BENCH_SHOW=1 prints the figures.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import type { CaseResult } from '../../src/result/document.ts'
import { runScenario } from '../e2e/cli.ts'
import { type CapturedConnection, connections, lookups } from './capture.ts'
import { type FarServer, HOST, NAME_SERVER_DELAY_MS, type Way } from './far-end.ts'
import { type Link, type Packet, SERVER, startLink } from './link.ts'

const RTT_MS = 40
const PRIORITY = -15
const WITHIN_MS = 3
const FAR_END = fileURLToPath(new URL('far-end.ts', import.meta.url))

/** Connections of a case begin at this distance: no step of one falls together with a step of another. */
const RATE_PER_S = 18
const CONNECTIONS = 12

/** A certificate and what proves it; a ticket costs some of that. */
const MIN_SAVED_BYTES = 200

const TLS_ROUND_TRIPS: Record<Way, number> = {
  clear: Number.NaN,
  tls13: 1,
  tls12: 2,
  'tls13-resumed': 1,
  'tls12-resumed': 1,
}

/** What a protocol waits for between its connection and its first call. NaN: for nothing, and there is no such phase. */
const SETUP_ROUND_TRIPS: Record<string, (way: Way) => number> = {
  rest: () => Number.NaN,
  sse: () => Number.NaN,
  // The server's SETTINGS, which it sends once it holds the connection: in a full handshake of TLS 1.2 its Finished is
  // the last word, and SETTINGS come with it.
  grpc: (way) => (way === 'tls12' ? 0 : 1),
  // The upgrade.
  websocket: () => 1,
  // `initialize` and `initialized`, of revision 2025-11-25.
  mcp: () => 2,
}

async function startFarEnd(link: Link): Promise<{ process: ChildProcess; servers: FarServer[] }> {
  const [command, ...rest] = [...link.at('server'), process.execPath, FAR_END]
  const child = spawn(command!, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const servers = await new Promise<FarServer[]>((resolve, reject) => {
    child.once('message', (message) => resolve(message as FarServer[]))
    child.once('exit', (code) => reject(new Error(`the far end ended with ${code}`)))
  })
  return { process: child, servers }
}

function nameOf({ interface: name, way }: FarServer): string {
  return `${name}-${way}`
}

function target({ interface: name, way, url, ca, options }: FarServer): object {
  const tls = ca === '' ? {} : { tls: { ca } }
  const connection = way.endsWith('resumed') ? 'resumed' : 'cold'
  return { interface: name, api: 'raw', url, connection, ...tls, ...options }
}

/**
 * What is compared is the fastest of the connections: what a busy machine adds to one now and then is not in it, and a
 * stamp in the wrong place is in every connection.
 */
function told(result: CaseResult, metric: string): number {
  return result.metrics[metric]?.min ?? Number.NaN
}

function fastest(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value))
  return known.length === 0 ? Number.NaN : Math.min(...known)
}

/** What one run told of its targets, and what passed on the link meanwhile. */
interface Measured {
  of(target: string): CaseResult
  packets: Packet[]
}

async function measure(link: Link, targets: Record<string, object>): Promise<Measured> {
  const load = { model: 'constant', rate: `${RATE_PER_S}/s`, calls: CONNECTIONS, warmup: '0s' }
  const cases = Object.keys(targets).map((name) => ({ target: name, rounds: 1, load }))
  const scenario = JSON.stringify({ name: 'handshake', targets, cases, defaults: { floor: 'off' } })
  await link.capture()
  const { result, stderr } = await runScenario(scenario, [], {}, link.at('client'))
  const of = (name: string): CaseResult => {
    const found = result.cases.find((one) => one.target === name)
    if (!found) throw new Error(`no case ${name}:\n${stderr}`)
    expect(found.errors, name).toEqual([])
    return found
  }
  return { of, packets: await link.capture() }
}

/** Gathers what was told wrong. */
class Misses {
  readonly all: string[] = []

  /**
   * NaN stands for a phase that is not there, on both sides. `lateMs`: how late the stamp was that the phase begins with;
   * so much of it may be missing.
   */
  hold(what: string, valueMs: number, expectedMs: number, lateMs = 0): void {
    const says = `${what}: told ${valueMs.toFixed(2)}, expected ${expectedMs.toFixed(2)}`
    if (process.env.INFER_BENCH_SHOW && !Number.isNaN(valueMs)) process.stdout.write(`${says}\n`)
    const isAbsent = Number.isNaN(valueMs) && Number.isNaN(expectedMs)
    const isNear = valueMs > expectedMs - lateMs - WITHIN_MS && valueMs < expectedMs + WITHIN_MS
    if (!isAbsent && !isNear) this.all.push(says)
  }
}

function wireOf(server: FarServer, { packets }: Measured): CapturedConnection[] {
  return connections(packets, server.port, SETUP_ROUND_TRIPS[server.interface]!(server.way))
}

/** What an end computes (keys, certificates) is no part of the link's time: the capture tells it apart. */
function checkPhases(server: FarServer, measured: Measured): string[] {
  const misses = new Misses()
  const result = measured.of(nameOf(server))
  const wire = wireOf(server, measured)
  const setups = SETUP_ROUND_TRIPS[server.interface]!(server.way)
  const phases = [
    ['tcp', 'tcp_connect', 1],
    ['tls', 'tls_handshake', TLS_ROUND_TRIPS[server.way]],
    ['setup', 'protocol_setup', setups],
  ] as const
  let sumMs = 0
  let lateMs = 0
  for (const [phase, metric, roundTrips] of phases) {
    const valueMs = told(result, metric)
    sumMs += result.metrics[metric]?.mean ?? 0
    if (roundTrips === 0) {
      misses.hold(`${nameOf(server)} ${phase}`, valueMs, 0)
      continue
    }
    const answeringMs = fastest(wire.map((one) => one[phase].answeringMs))
    misses.hold(
      `${nameOf(server)} ${phase} in round trips`,
      valueMs - answeringMs,
      roundTrips * RTT_MS,
      lateMs,
    )
    const wireMs = fastest(wire.map((one) => one[phase].wireMs))
    misses.hold(`${nameOf(server)} ${phase} beside the capture`, valueMs, wireMs, lateMs)
    if (!Number.isNaN(valueMs)) lateMs = Math.max(0, valueMs - wireMs)
  }
  misses.hold(`${nameOf(server)} handshake, the sum of its phases`, result.metrics.handshake!.mean, sumMs)
  return misses.all
}

/** What a resumed session saves: bytes, by the tool's account and the capture's. */
function checkSaved(full: FarServer, resumed: FarServer, measured: Measured): void {
  const of = (server: FarServer) => measured.of(nameOf(server)).summary
  expect(of(resumed).resumed).toBe(of(resumed).connections)
  const toldBytes = of(full).handshake_bytes! - of(resumed).handshake_bytes!
  const byteCount = (server: FarServer) =>
    fastest(wireOf(server, measured).map((connection) => connection.byteCount))
  const wireBytes = byteCount(full) - byteCount(resumed)
  if (process.env.INFER_BENCH_SHOW) {
    process.stdout.write(`${nameOf(resumed)} saves: told ${toldBytes}, on the wire ${wireBytes} bytes\n`)
  }
  expect(toldBytes).toBeGreaterThan(MIN_SAVED_BYTES)
  expect(wireBytes).toBeGreaterThan(MIN_SAVED_BYTES)
}

function checkNames(plain: string, measured: Measured): string[] {
  const misses = new Misses()
  const lookupMs = told(measured.of('name'), 'dns_lookup')
  misses.hold('dns', lookupMs, RTT_MS + NAME_SERVER_DELAY_MS)
  misses.hold('dns beside the capture', lookupMs, fastest(lookups(measured.packets)))
  const cold = measured.of(plain)
  const savedMs = told(cold, 'request_latency') - told(measured.of('reused'), 'request_latency')
  misses.hold('saved by a reused connection', savedMs, told(cold, 'handshake'))
  return misses.all
}

beforeAll(() => {
  // Both ends are compared with the link between them, not with what else this machine does: all inherit this.
  try {
    os.setPriority(PRIORITY)
  } catch {
    // Without the right to it they run as everything else does.
  }
})

test('phases of a handshake take their round trips, and what a packet capture says', {
  timeout: 90_000,
}, async (context) => {
  const link = await startLink(context, RTT_MS)
  let farEnd: ChildProcess | null = null
  try {
    const { process: child, servers } = await startFarEnd(link)
    farEnd = child
    const plain = servers.find(({ interface: name, way }) => name === 'rest' && way === 'clear')!
    const plainTargets = {
      [nameOf(plain)]: target(plain),
      name: target({ ...plain, url: plain.url.replace(SERVER, HOST) }),
      reused: { ...target(plain), connection: 'reused' },
    }
    const targets = Object.fromEntries(servers.map((server) => [nameOf(server), target(server)]))
    const measured = await measure(link, { ...targets, ...plainTargets })
    for (const server of servers) {
      const resumed = servers.find((one) => nameOf(one) === `${nameOf(server)}-resumed`)
      if (resumed) checkSaved(server, resumed, measured)
    }
    const misses = servers.flatMap((server) => checkPhases(server, measured))
    misses.push(...checkNames(nameOf(plain), measured))
    expect(misses).toEqual([])
  } finally {
    farEnd?.disconnect()
    await link.stop()
  }
})
