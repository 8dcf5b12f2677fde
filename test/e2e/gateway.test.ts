/** Two replicas behind a balancer: which of them the calls of `scenarios/gateway.yaml` reach. */

import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { type Gateway, needsGateway, startGateway } from '../servers/gateway.ts'
import { cli } from './cli.ts'
import { folderWith, readResultFile } from './folder.ts'

const SCENARIO = fileURLToPath(new URL('../../scenarios/gateway.yaml', import.meta.url))

let gateway: Promise<Gateway> | null = null

afterAll(async () => {
  await (await gateway)?.stop()
})

/** Each replica's share of the calls of the one case, and the larger one first. */
async function shares(target: string): Promise<number[]> {
  gateway ??= startGateway()
  const { env, calls } = await gateway
  const before = await calls()
  const folder = await folderWith({})
  // One round, so that it is one connection that stays.
  const sets = ['defaults.rounds=1', 'defaults.load.duration=400ms'].flatMap((set) => ['--set', set])
  const args = [SCENARIO, '--only', `${target} ×8`, '--out', 'result.json', '--quiet', ...sets]
  const { code, stderr } = await cli(['run', ...args], { cwd: folder, env })
  expect(code, stderr).toBe(0)
  const [result] = (await readResultFile(folder)).cases
  const counts = (await calls()).map((count, index) => count - before[index]!)
  const total = counts.reduce((sum, count) => sum + count, 0)
  // Those of the warm-up are answered, too.
  expect(total).toBeGreaterThanOrEqual(result!.summary.calls)
  return counts.map((count) => count / total).sort((a, b) => b - a)
}

const SPREADS: [target: string, what: string, least: number, most: number][] = [
  ['rest-l4', 'has a connection for each call at once, so even L4 spreads them', 0.5, 0.75],
  ['rest-l7', 'is spread', 0.5, 0.6],
  ['grpc-l4', 'is pinned to one replica by its one connection', 0.99, 1],
  ['grpc-l7', 'is spread', 0.5, 0.6],
]

for (const [target, what, least, most] of SPREADS) {
  test(`${target} ${what}`, { timeout: 60_000 }, async (context) => {
    needsGateway(context)
    const [larger] = await shares(target)
    expect(larger).toBeGreaterThanOrEqual(least)
    expect(larger).toBeLessThanOrEqual(most)
  })
}

test('the script tells what each replica got', async (context) => {
  needsGateway(context)
  gateway ??= startGateway()
  const counts = await (await gateway).calls()
  expect(Math.min(...counts)).toBeGreaterThan(0)
  const output = await (await gateway).stop()
  expect(output.match(/^replica at port \d+:\n( {2}infer_requests_total\{.*\} \d+\n)+/gm)).toHaveLength(2)
})
