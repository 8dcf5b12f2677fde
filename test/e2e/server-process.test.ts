// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** A scenario that names its server's process: what it uses is read from the system, and it has to be there. */

import { afterAll, expect, test } from 'vitest'
import { usageOfTree } from '../../src/agent/process-tree.ts'
import { startServer, type TestServer } from '../servers/start.ts'
import { cli, runScenario } from './cli.ts'
import { folderWith } from './folder.ts'

const servers: TestServer[] = []

afterAll(async () => {
  for (const server of servers) await server.stop()
})

async function serve(): Promise<TestServer> {
  const server = await startServer('./replying-http.ts')
  servers.push(server)
  return server
}

const scenario = (url: string, pid: string, load = 'duration: 1s, warmup: 0s') => `
name: process
targets:
  mine: { interface: rest, api: raw, url: "${url}", pid: ${pid} }
defaults: { rounds: 1, floor: off, load: { concurrency: 2, ${load} } }
`

test('calls per CPU second of any server on this machine', async () => {
  const server = await serve()
  const before = usageOfTree(server.pid)!
  const { code, result, stderr } = await runScenario(
    scenario(server.url, '"${env:SERVER_PID}"', 'calls: 4000, warmup: 0s'),
    [],
    { SERVER_PID: String(server.pid) },
  )
  const spentSeconds = usageOfTree(server.pid)!.cpuSeconds! - before.cpuSeconds!
  expect(code, stderr).toBe(0)
  const { calls, throughput_per_core: perCore } = result.cases[0]!.summary
  expect(calls).toBe(4000)
  // All that the server did was this run, but for the connection that it is checked with.
  expect(perCore! / (calls / spentSeconds)).toBeGreaterThan(0.95)
  expect(perCore! / (calls / spentSeconds)).toBeLessThan(1.5)
})

test('a process that is not there is told with its place and what to do, and nothing is sent', async () => {
  const [gone, other] = [await serve(), await serve()]
  await gone.stop()
  const folder = await folderWith({ 's.yaml': scenario(other.url, String(gone.pid)) })
  const { code, stderr } = await cli(['run', 's.yaml'], { cwd: folder })
  expect(code).toBe(104)
  expect(stderr).toContain(`s.yaml:4:`)
  expect(stderr).toContain(`there is no process ${gone.pid}`)
  expect(stderr).toContain('Start the server first')
  const count = (await (await fetch(`${other.url}/count`)).json()) as { calls: number; connections: number }
  expect(count).toEqual({ calls: 0, connections: 1 })
})

test('a process that the tool itself runs in is none to measure', async () => {
  const folder = await folderWith({ 's.yaml': scenario('http://127.0.0.1:1', String(process.pid)) })
  const { code, stderr } = await cli(['run', 's.yaml'], { cwd: folder })
  expect(code).toBe(104)
  expect(stderr).toContain(`infer-bench runs within the process ${process.pid}`)
})
