/**
 * The same scenario over links of three lengths, as from three regions, and what `compare --by region` makes of it: a longer
 * wire takes longer in every phase, and no more round trips.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { RegionComparison } from '../../src/compare/regions.ts'
import { cli, temporaryFolder } from '../e2e/cli.ts'
import { folderWith } from '../e2e/folder.ts'
import type { FarServer } from './far-end.ts'
import { startLink } from './link.ts'

const REGIONS = { eu: 10, us: 80, ap: 240 } as const
const CALLS = 8
/** Of a round trip: what computing may add to a phase on a machine that does something else, too. */
const WITHIN_TRIPS = 0.4

/** Round trips of TLS and of the protocol's own setup, and the phase that takes longest. */
const EXPECTED: Readonly<Record<string, { tls: number; setup: number | null; costliest?: string }>> = {
  'rest-tls13': { tls: 1, setup: null },
  'rest-tls12': { tls: 2, setup: null, costliest: 'tls_handshake' },
  'websocket-tls12': { tls: 2, setup: 1, costliest: 'tls_handshake' },
  'mcp-tls13': { tls: 1, setup: 2, costliest: 'protocol_setup' },
}

const FAR_END = fileURLToPath(new URL('far-end.ts', import.meta.url))

async function startFarEnd(
  through: readonly string[],
): Promise<{ child: ChildProcess; servers: FarServer[] }> {
  const [command, ...rest] = [...through, process.execPath, FAR_END]
  const child = spawn(command!, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const servers = await new Promise<FarServer[]>((resolve, reject) => {
    child.once('message', (message) => resolve(message as FarServer[]))
    child.once('exit', (code) => reject(new Error(`the far end ended with ${code}`)))
  })
  return { child, servers }
}

function scenarioOf(servers: readonly FarServer[]): string {
  const chosen = servers.filter((one) => `${one.interface}-${one.way}` in EXPECTED)
  const targets = chosen.map(({ interface: name, way, url, ca, options }) => [
    `${name}-${way}`,
    { interface: name, api: 'raw', url, connection: 'cold', tls: { ca }, ...options },
  ])
  return JSON.stringify({
    name: 'regions',
    targets: Object.fromEntries(targets),
    defaults: {
      rounds: 1,
      floor: 'off',
      load: { model: 'closed', concurrency: 1, calls: CALLS, warmup: '0s' },
    },
  })
}

test('a long wire is told from a slow server', { timeout: 180_000 }, async (context) => {
  const results = await temporaryFolder()
  for (const [region, rttMs] of Object.entries(REGIONS)) {
    const link = await startLink(context, rttMs)
    let farEnd: ChildProcess | null = null
    try {
      const { child, servers } = await startFarEnd(link.at('server'))
      farEnd = child
      const cwd = await folderWith({ 'regions.yaml': scenarioOf(servers) })
      const out = join(results, `${region}.json`)
      const args = ['run', join(cwd, 'regions.yaml'), '--region', region, '--out', out, '--quiet']
      const { code, stderr } = await cli(args, { cwd, through: link.at('client') })
      expect(code, stderr).toBe(0)
    } finally {
      farEnd?.disconnect()
      await link.stop()
    }
  }
  const files = Object.keys(REGIONS).map((region) => `${region}.json`)
  const { stdout } = await cli(['compare', ...files, '--by', 'region', '--format', 'json'], { cwd: results })
  const { regions, cases } = JSON.parse(stdout) as RegionComparison
  expect(regions).toEqual(Object.keys(REGIONS))
  expect(cases.map(({ name }) => name).sort()).toEqual(Object.keys(EXPECTED).sort())
  for (const { name, rows, advice } of cases) {
    const { tls, setup, costliest } = EXPECTED[name]!
    for (const { region, phases, costliest: found } of rows) {
      const rttMs = REGIONS[region as keyof typeof REGIONS]
      const phase = (metric: string) => phases.find((one) => one.name === metric)
      const what = `${name} from ${region}`
      expect(phase('tcp_connect')!.ms, what).toBeGreaterThan(rttMs - 3)
      // From nearby, computing is as long as the wire.
      if (rttMs < 50) continue
      expect(phase('tcp_connect')!.ms, what).toBeLessThan(rttMs * (1 + WITHIN_TRIPS))
      expect(Math.abs(phase('tls_handshake')!.roundTrips! - tls), what).toBeLessThan(WITHIN_TRIPS)
      if (setup === null) expect(phase('protocol_setup'), what).toBeUndefined()
      else expect(Math.abs(phase('protocol_setup')!.roundTrips! - setup), what).toBeLessThan(WITHIN_TRIPS)
      if (costliest) expect(found, what).toBe(costliest)
    }
    const says = advice.join('\n')
    expect(says).toMatch(/^ap: a connection that is reused saves \d+ ms$/m)
    expect(says).toMatch(/^ap: an edge as near as that of the nearest region saves \d+ ms$/m)
    expect(/^ap: TLS 1\.3, or resuming/m.test(says), name).toBe(tls === 2)
  }
  const table = await cli(['compare', ...files, '--by', 'region'], { cwd: results })
  expect(table.stdout).toMatch(/^rest-tls12$/m)
  expect(table.stdout).toMatch(/^ap .*×1\.00 .*TLS handshake$/m)
})
