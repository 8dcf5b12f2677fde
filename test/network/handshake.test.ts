/**
 * Do the phases of a handshake take the time that they take on the wire? Every interface opens connections over a link
 * of known round-trip time, and what the tool says of them is compared with the number of round trips that the
 * protocols need, and with a capture of the link's packets. INFER_BENCH_SHOW=1 prints the figures.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { decode, destroy, initHistograms, percentileMs } from '../../src/record/histogram.ts'
import type { CaseResult } from '../../src/result/document.ts'
import { runScenario } from '../e2e/cli.ts'
import { type CapturedConnection, connections, lookups } from './capture.ts'
import { type FarServer, HOST, NAME_SERVER_DELAY_MS, type Security } from './far-end.ts'
import { type Link, SERVER, startLink } from './link.ts'

const RTT_MS = 40
const WITHIN_MS = 3
const FAR_END = fileURLToPath(new URL('far-end.ts', import.meta.url))

/** Connections of a case begin at this distance: no step of one falls together with a step of another. */
const RATE_PER_S = 18
const CONNECTIONS = 10

const TLS_ROUND_TRIPS: Record<Security, number> = { clear: Number.NaN, tls13: 1, tls12: 2 }

/**
 * What the protocol itself waits for between its connection and its first call. NaN: it waits for nothing, and there is
 * no such phase.
 */
const SETUP_ROUND_TRIPS: Record<string, Record<Security, number>> = {
  rest: { clear: Number.NaN, tls13: Number.NaN, tls12: Number.NaN },
  sse: { clear: Number.NaN, tls13: Number.NaN, tls12: Number.NaN },
  // The server's SETTINGS, which it sends once it holds the connection: with TLS 1.2 its Finished comes last, and
  // SETTINGS with it.
  grpc: { clear: 1, tls13: 1, tls12: 0 },
  // The upgrade.
  websocket: { clear: 1, tls13: 1, tls12: 1 },
  // `initialize` and `initialized`, of revision 2025-11-25.
  mcp: { clear: 2, tls13: 2, tls12: 2 },
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

function target({ interface: name, url, ca, options }: FarServer): object {
  const tls = ca === '' ? {} : { tls: { ca } }
  return { interface: name, api: 'raw', url, ...tls, ...options }
}

/**
 * What is compared is the lower quartile: what a busy machine adds to a connection now and then is not in it, and a
 * stamp in the wrong place is in every connection.
 */
const SHARE = 0.25

function told(result: CaseResult, metric: string): number {
  const found = result.metrics[metric]
  if (!found?.hdr) return Number.NaN
  const histogram = decode(found.hdr)
  const valueMs = percentileMs(histogram, SHARE * 100)
  destroy(histogram)
  return valueMs
}

function quartile(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * SHARE)] ?? Number.NaN
}

/**
 * What an end of the connection computes (keys, certificates) is no part of a link's time and is told apart by the
 * capture. NaN stands for a phase that is not there, on both sides.
 */
function hold(what: string, toldMs: number, expectedMs: number): void {
  if (process.env.INFER_BENCH_SHOW) {
    process.stdout.write(`${what}: told ${toldMs.toFixed(2)}, expected ${expectedMs.toFixed(2)}\n`)
  }
  if (Number.isNaN(expectedMs)) expect.soft(toldMs, what).toBeNaN()
  else
    expect.soft(Math.abs(toldMs - expectedMs), `${what}: ${toldMs} for ${expectedMs}`).toBeLessThan(WITHIN_MS)
}

beforeAll(async () => {
  await initHistograms()
  // Both ends are compared with the link between them, not with what else this machine does: all inherit this.
  try {
    os.setPriority(-15)
  } catch {
    // Without the right to it they run as everything else does.
  }
})

// A machine that is busy elsewhere may spoil one run by some milliseconds; a wrong stamp is wrong in both.
test('phases of a handshake take their round trips, and what a packet capture says', {
  retry: 1,
}, async (context) => {
  const link = await startLink(context, RTT_MS)
  let farEnd: ChildProcess | null = null
  try {
    const started = await startFarEnd(link)
    farEnd = started.process
    const { servers } = started
    const load = { model: 'constant', rate: `${RATE_PER_S}/s`, calls: CONNECTIONS, warmup: '0s' }
    const named = servers.find(({ interface: name, security }) => name === 'rest' && security === 'clear')!
    const targets = Object.fromEntries([
      ...servers.map((server) => [
        `${server.interface}-${server.security}`,
        { ...target(server), connection: 'cold' },
      ]),
      ['name', { ...target({ ...named, url: named.url.replace(SERVER, HOST) }), connection: 'cold' }],
      ['reused', target(named)],
    ])
    const cases = Object.keys(targets).map((name) => ({ target: name, rounds: 1, load }))
    const scenario = JSON.stringify({ name: 'handshake', targets, cases })
    const { result: run, stderr } = await runScenario(scenario, [], {}, link.at('client'))
    const packets = await link.capture()
    const of = (name: string): CaseResult => {
      const found = run.cases.find((one) => one.target === name)
      if (!found) throw new Error(`no case ${name}:\n${stderr}`)
      expect(found.summary, `${name}: ${JSON.stringify(found.errors)}`).toMatchObject({ errors: 0 })
      return found
    }
    for (const server of servers) {
      const name = `${server.interface}-${server.security}`
      const result = of(name)
      const setups = SETUP_ROUND_TRIPS[server.interface]![server.security]
      const wire = connections(packets, server.port, setups)
      const holdPhase = (phase: keyof CapturedConnection, metric: string, roundTrips: number) => {
        const wireMs = quartile(wire.map((one) => one[phase].wireMs))
        const answeringMs = quartile(wire.map((one) => one[phase].answeringMs))
        hold(`${name} ${phase} beside the capture`, told(result, metric), wireMs)
        hold(`${name} ${phase} in round trips`, told(result, metric) - answeringMs, roundTrips * RTT_MS)
      }
      holdPhase('tcp', 'tcp_connect', 1)
      holdPhase('tls', 'tls_handshake', TLS_ROUND_TRIPS[server.security])
      if (setups === 0) hold(`${name} setup`, told(result, 'protocol_setup'), 0)
      else holdPhase('setup', 'protocol_setup', setups)
      const phases = ['tcp_connect', 'tls_handshake', 'protocol_setup'].map(
        (metric) => told(result, metric) || 0,
      )
      hold(
        `${name} handshake`,
        told(result, 'handshake'),
        phases.reduce((sum, phaseMs) => sum + phaseMs),
      )
    }
    hold('dns', told(of('name'), 'dns_lookup'), RTT_MS + NAME_SERVER_DELAY_MS)
    hold('dns beside the capture', told(of('name'), 'dns_lookup'), quartile(lookups(packets)))
    const cold = of('rest-clear')
    const savedMs = told(cold, 'request_latency') - told(of('reused'), 'request_latency')
    hold('saved by a reused connection', savedMs, told(cold, 'handshake'))
  } finally {
    farEnd?.disconnect()
    await link.stop()
  }
})
