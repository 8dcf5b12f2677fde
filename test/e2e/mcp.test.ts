/** MCP as a user measures it: a server that nobody here wrote; and no way to end leaves a command behind. */

import { describe, expect, test } from 'vitest'
import { type Running, runScenario, start } from './cli.ts'
import { eventually } from './eventually.ts'
import { folderWith } from './folder.ts'
import { EVERYTHING, processesWith, STDIO_SERVER, startEverything } from './mcp-servers.ts'

const QUICK = '{ rounds: 1, load: { model: closed, concurrency: 2, duration: 300ms, warmup: 0s } }'

describe('@modelcontextprotocol/server-everything', () => {
  test('over stdio and Streamable HTTP: calls, progress and lists, no errors', async () => {
    const server = await startEverything()
    try {
      const both = (more: string) => [
        `{ interface: mcp, api: raw, command: [${process.execPath}, ${EVERYTHING}, stdio], ${more} }`,
        `{ interface: mcp, api: raw, url: "${server.url}", ${more} }`,
      ]
      const [stdio, http] = both('tool: echo')
      const [stdioSlow, httpSlow] = both('tool: trigger-long-running-operation, kind: server-stream')
      const [stdioList, httpList] = both('method: tools/list')
      const { result, code, stderr } = await runScenario(`
targets:
  stdio: ${stdio}
  http: ${http}
  stdio-slow: ${stdioSlow}
  http-slow: ${httpSlow}
  stdio-list: ${stdioList}
  http-list: ${httpList}
defaults: ${QUICK}
cases:
  - { target: [stdio, http], payload: { json: { message: hello } } }
  - { target: [stdio-slow, http-slow], payload: { json: { duration: 0.05, steps: 5 } } }
  - { target: [stdio-list, http-list] }
`)
      expect(stderr).not.toContain('error')
      expect(code).toBe(0)
      expect(result.cases).toHaveLength(6)
      for (const { name, summary, errors, metrics } of result.cases) {
        expect(errors, name).toEqual([])
        expect(summary.calls, name).toBeGreaterThan(0)
        const [process, connection] = name.startsWith('stdio') ? [1, undefined] : [undefined, 2]
        expect(metrics.process_spawn?.count, name).toBe(process)
        expect(metrics.tcp_connect?.count, name).toBe(connection)
        expect(metrics.protocol_setup!.count, name).toBe(process ?? connection)
        if (!name.includes('slow')) continue
        // Five steps of 10 ms, and the result.
        expect(metrics.inter_chunk_latency!.count, name).toBe(summary.calls * 5)
        expect(metrics.time_to_first_token!.p50, name).toBeGreaterThan(9)
      }
    } finally {
      await server.stop()
    }
  })
})

describe('no command survives', () => {
  let runs = 0

  async function underWay(): Promise<{ running: Running; mark: string }> {
    const mark = `infer-bench-e2e-${process.pid}-${runs++}`
    // It ignores the end of its input and every signal that can be ignored, and has a child that does, too.
    const command = `[${process.execPath}, ${STDIO_SERVER}, stubborn, ${mark}]`
    const folder = await folderWith({
      'scenario.yaml': `
targets: { mine: { interface: mcp, api: raw, tool: plain, command: ${command} } }
defaults: { rounds: 1, floor: off, load: { model: closed, concurrency: 1, duration: 60s, warmup: 0s } }
`,
    })
    const running = start(['run', 'scenario.yaml', '--out', 'result.json'], { cwd: folder })
    await eventually('the command runs', () => processesWith(mark).length >= 2)
    return { running, mark }
  }

  test('Ctrl-C, once', async () => {
    const { running, mark } = await underWay()
    running.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
    expect(processesWith(mark)).toEqual([])
  })

  test('Ctrl-C, twice', async () => {
    const { running, mark } = await underWay()
    running.kill('SIGINT')
    await running.says('once more to end at once')
    running.kill('SIGINT')
    await running.ended
    await eventually('its commands are ended', () => processesWith(mark).length === 0)
  })

  test('a run that is killed', async () => {
    const { running, mark } = await underWay()
    running.kill('SIGKILL')
    await running.ended
    await eventually('its commands are ended', () => processesWith(mark).length === 0)
  })
})
