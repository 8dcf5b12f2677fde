// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { loadScenario } from '../../src/scenario/load.ts'
import { ScenarioError, UsageError } from '../../src/scenario/problem.ts'
import { faults, load, plan, REST } from './scenario-file.ts'

test('a file that is not there, and a folder, are told', async () => {
  const folder = mkdtempSync(`${tmpdir()}/infer-bench-scenario-`)
  try {
    const missing = loadScenario(`${folder}/none.yaml`, { env: {} })
    await expect(missing).rejects.toThrow(
      `${folder}/none.yaml: there is no such file\n  Write a first scenario with \`infer-bench init\`.`,
    )
    await expect(missing).rejects.toBeInstanceOf(ScenarioError)
    await expect(loadScenario(folder, { env: {} })).rejects.toThrow(`${folder}: this is a folder`)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a scenario above 1 MiB is not even parsed', async () => {
  expect(await faults(`${REST}description: ${'x'.repeat(1024 ** 2)}\n`)).toContain('larger than 1 MiB')
})

test('brackets without end are told once, where the parser gave up', async () => {
  const told = await faults(`${REST}cases: ${'['.repeat(20_000)}`)
  expect(told).toMatch(/^s\.yaml:2:\d+: values are nested too deeply\n/)
  expect(told.split('\n')).toHaveLength(4)
})

test('aliases that multiply are bounded by the values they stand for', async () => {
  const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(of).join(', ')}]\n`
  // Each of 90 aliases is allowed by itself; written out they would be 9 to the power of 10 values.
  const text = Array.from({ length: 10 }, (_, index) =>
    level(`k${index}`, index === 0 ? '1' : `*k${index - 1}`),
  )
  expect(await faults(REST + text.join(''))).toMatch(
    /the scenario (uses more than 100 aliases|holds more than)/,
  )
})

test('every problem is told at once, in the order of the text', async () => {
  const told = await faults(
    'nam: x\ntargets:\n  a: { interface: soap, api: raw, url: "${env:NONE}" }\ndefaults: { rounds: 0, load: { duration: 5 } }\n',
  )
  expect(told.match(/^s\.yaml.*$/gm)).toEqual([
    's.yaml:1:1: unknown key `nam`',
    's.yaml:3:19: there is no interface `soap`',
    's.yaml:3:40: the environment variable NONE is not set',
    's.yaml:4:21: this is not a number of rounds',
    's.yaml:4:42: a duration needs a unit',
  ])
})

test('an alias stands for its value, and a problem in it is told where it is written', async () => {
  const text = `${REST}cases:\n  - { target: rest, name: a, load: &load { duration: 2s } }\n  - { target: rest, name: b, load: *load }\n`
  expect((await plan(text)).cases[1]?.load.durationMs).toBe(2000)
  const told = await faults(text.replace('2s', '2'))
  expect(told.match(/^s\.yaml.*$/gm)).toEqual(['s.yaml:3:54: a duration needs a unit'])
})

test('a key called __proto__ is a key like any other', async () => {
  const text = `${REST}cases: [{ target: rest, payload: { json: { __proto__: { a: 1 } } } }]\n`
  const { payload } = (await plan(text)).cases[0]!
  expect(JSON.stringify(payload.form === 'json' && payload.json)).toBe('{"__proto__":{"a":1}}')
  expect(await faults(`${REST}__proto__: { name: x }\n`)).toContain('unknown key `__proto__`')
})

test('the name is the file’s where the scenario has none', async () => {
  expect((await load(REST)).name).toBe('s')
  expect((await load(`${REST}name: other\n`)).name).toBe('other')
})

test('the reference server is started as the scenario says', async () => {
  expect((await load(REST)).server).toBeNull()
  expect((await load(`${REST}server: reference\n`)).server).toEqual({ flags: [] })
  const settings =
    '{ reference: { provider: cpu, workers: 2, rate_limit: 30/m, batch_size: 4, batch_wait: 1.5ms } }'
  const secure =
    'targets: { a: { interface: rest, api: raw, url: "${reference.https}", tls: { ca: "${reference.ca}" } } }\n'
  expect((await load(`${secure}server: ${settings}\n`)).server).toEqual({
    flags: [
      '--provider',
      'cpu',
      '--workers',
      '2',
      '--rate-limit',
      '30/m',
      '--batch-size',
      '4',
      '--batch-wait',
      '1.5ms',
      '--tls-port',
      '0',
    ],
  })
})

test('variables of numbers and names are filled in when the scenario is read, those of texts are not', async () => {
  const text = `targets:
  a:
    interface: "\${env:INTERFACE:-rest}"
    api: raw
    url: "\${env:URL}"
    tls: { verify: "\${env:VERIFY}" }
    model: "\${env:MODEL}-7b"
defaults: { load: { concurrency: "\${env:N}" }, payload: { text: "say \${env:WORD}" } }
`
  const env = { URL: 'http://x/y', VERIFY: 'false', MODEL: 'llama', N: '8', WORD: 'yes' }
  const [only] = (await plan(text, { env })).cases
  expect(only).toMatchObject({
    target: { interface: 'rest', url: '${env:URL}', model: 'llama-7b', tls: { verify: false } },
    load: { concurrency: 8 },
    payload: { text: 'say ${env:WORD}' },
  })
})

test('an empty variable counts as none', async () => {
  const text = `${REST}seed: "\${env:SEED}"\n`
  expect(await faults(text, { env: { SEED: '' } })).toContain('the environment variable SEED is empty')
  expect((await plan(text.replace('SEED}', 'SEED:-7}'), { env: { SEED: '' } })).seed).toBe(7)
})

test('a prompt may have a dollar and a brace in it', async () => {
  const text = `${REST}cases: [{ target: rest, payload: { json: { code: "\${x}" } } }]\n`
  expect((await plan(text)).cases[0]?.payload).toMatchObject({ json: { code: '${x}' } })
})

test('the value of a variable stands in no message', async () => {
  const text =
    'targets: { a: { interface: rest, api: raw, url: "${env:URL}" } }\ndefaults: { rounds: "${env:N}" }\n'
  const told = await faults(text, { env: { URL: 'hunter2://secret', N: 'hunter2' } })
  expect(told).toContain('this is not a number of rounds')
  expect(told).not.toContain('hunter2')
})

test.each([
  { set: 'defaults.load.duration=1s', find: { load: { durationMs: 1000 } } },
  { set: 'cases.0.rounds=7', find: { rounds: 7 } },
  { set: 'targets.rest.url=http://y/z', find: { target: { url: 'http://y/z' } } },
  {
    set: 'cases.0.load={ model: constant, rate: 5/s }',
    find: { load: { model: 'constant', ratePerSecond: 5 } },
  },
  { set: 'vary.payload.size=[4B]', find: { payload: { byteCount: 4 } } },
])('--set $set', async ({ set, find }) => {
  const text = `${REST}cases: [{ target: rest, payload: { size: 1KiB } }]\n`
  expect((await plan(text, { set: [set] })).cases[0]).toMatchObject(find)
})

test('of two --set for one key the last holds', async () => {
  expect((await plan(REST, { set: ['seed=1', 'seed=2'] })).seed).toBe(2)
})

test.each(['', 'seed', '=1', 'a..b=1', 'seed=[1', 'cases.5.rounds=1', 'name.x=1'])(
  '--set %s is refused as wrong use',
  async (set) => {
    const text = `${REST}name: x\ncases: [{ target: rest }]\n`
    await expect(load(text, { set: [set] })).rejects.toBeInstanceOf(UsageError)
  },
)
