// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.

import { describe, expect, test } from 'vitest'
import { makePlan } from '../../src/plan/make-plan.ts'
import { fillTarget, secretsOf } from '../../src/scenario/environment.ts'
import { loadScenario } from '../../src/scenario/load.ts'
import { folderWith } from '../e2e/folder.ts'
import { faults } from './scenario-file.ts'

const MCP = 'interface: mcp, api: raw, tool: t'

async function planOf(text: string, env: Record<string, string> = {}) {
  const folder = await folderWith({ 's.yaml': text })
  return { folder, plan: makePlan(await loadScenario(`${folder}/s.yaml`, { env }), { reference: null }) }
}

describe('refused with its place and its cure', () => {
  test.each<[string, string[]]>([
    ['interface: mcp, api: raw, tool: t', ['`url` is missing', '  Write it like https://example.com.']],
    [
      `${MCP}, url: "http://x", command: [a]`,
      ['a target has a `url` or a `command`, not both', '  Remove one of them.'],
    ],
    [`${MCP}, command: node server.js`, ['this is no command', 'no shell reads it']],
    [`${MCP}, command: []`, ['this is no command']],
    [`${MCP}, command: [a], transport: http`, ['a command is spoken to over stdio', '  Remove transport']],
    [
      `${MCP}, url: "http://x", transport: stdio`,
      ['stdio speaks to a command', '  Give the target a command'],
    ],
    [`${MCP}, command: [a], http: 2`, ['stdio has no HTTP version', '  Remove it']],
    [
      `${MCP}, url: "http://x", auth: { bearer: "\${env:A:-b}", in: subprotocol }`,
      ['only a WebSocket carries a token in a subprotocol', '  It can be in: header, query.'],
    ],
    [`${MCP}, url: "http://x", env: { A: b }`, ['`env` is for a `command`']],
    [`${MCP}, url: "http://x", cwd: a`, ['`cwd` is for a `command`']],
    [`${MCP}, command: ["\${env:NO_SUCH}"]`, ['the environment variable NO_SUCH is not set']],
    [`${MCP}, url: "http://x", revision: 2024-11-05`, ['there is no revision `2024-11-05`']],
    [
      'interface: mcp, api: raw, url: "http://x"',
      ['raw names no tool', '  Add e.g. tool: echo to the target'],
    ],
    [
      'interface: mcp, api: kserve-v2, model: mlp, tool: train, url: "http://x"',
      ['kserve-v2 has no tool train', '  Take one of infer, generate.'],
    ],
    [`${MCP}, method: tools/list, url: "http://x"`, ['tools/list names no tool', '  Remove tool and kind']],
    [
      'interface: rest, api: raw, command: [a]',
      ['`command` has no meaning for rest', '  Remove it: it is for mcp.'],
    ],
  ])('%s', async (target, says) => {
    const found = await faults(`targets: { a: { ${target} } }\n`)
    for (const sentence of says) expect(found).toContain(sentence)
  })
})

describe('a command', () => {
  test('runs in the scenario’s folder, or one relative to it', async () => {
    const { plan, folder } = await planOf(`
targets:
  here: { ${MCP}, command: [node, server.js] }
  there: { ${MCP}, command: [node, server.js], cwd: sub }
`)
    expect(plan.cases.map(({ target }) => target.options.cwd)).toEqual([folder, `${folder}/sub`])
    expect(plan.cases[0]!.target.url).toBe('stdio:node server.js')
  })

  test('gets secrets from the environment, which no plan holds', async () => {
    const env = { API_KEY: 'open sesame' }
    const { plan } = await planOf(
      `targets: { a: { ${MCP}, command: [run, "--key=\${env:API_KEY}"], env: { KEY: "\${env:API_KEY}" } } }`,
      env,
    )
    expect(JSON.stringify(plan)).not.toContain('open sesame')
    expect(secretsOf(plan, env)).toContain('open sesame')
    expect(fillTarget(plan.cases[0]!.target, env).options).toMatchObject({
      command: ['run', '--key=open sesame'],
      env: { KEY: 'open sesame' },
    })
  })
})

test('a URL without a path gets that of its transport', async () => {
  const { plan } = await planOf(`
targets:
  http: { ${MCP}, url: "http://x:1" }
  ws: { ${MCP}, url: "wss://x:1" }
  told: { ${MCP}, url: "http://x:1", transport: websocket }
  own: { ${MCP}, url: "http://x:1/a" }
`)
  const urls = ['http://x:1/mcp', 'wss://x:1/mcp/ws', 'http://x:1/mcp/ws', 'http://x:1/a']
  expect(plan.cases.map(({ target }) => target.url)).toEqual(urls)
})
