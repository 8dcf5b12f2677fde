// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** Scenarios as nobody writes them: each is a plan, or an error with its place and its cure. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { makePlan } from '../../src/plan/make-plan.ts'
import { scrub, secretsOf } from '../../src/scenario/environment.ts'
import { loadScenario } from '../../src/scenario/load.ts'
import { ScenarioError, UsageError } from '../../src/scenario/problem.ts'
import { changedText, changedTree } from './mutation.ts'
import { expectSafe } from './screen.ts'
import { type Subject, subject } from './subject.ts'

const SECRET = 'c4n4ry-Q7xZw9Kp2'
const env = { SECRET, EMPTY: '', ODD: '"\\\n%20${x}' }

/** A little of everything. */
const WHOLE = {
  name: 'whole',
  seed: 7,
  targets: {
    rest: {
      interface: 'rest',
      api: 'kserve-v2',
      url: 'http://127.0.0.1:9/${env:SECRET}',
      model: 'mlp',
      headers: { 'x-a': '1' },
      auth: { basic: { username: 'u', password: '${env:SECRET}' } },
      http: 2,
      connection: 'cold',
    },
    grpc: {
      interface: 'grpc',
      api: 'kserve-v2',
      url: 'grpc://127.0.0.1:9',
      model: 'mlp',
      method: 'ModelStreamInfer',
    },
    ws: { interface: 'websocket', api: 'raw', url: 'ws://127.0.0.1:9', kind: 'bidi', end_mark: 'x' },
    mcp: {
      interface: 'mcp',
      api: 'raw',
      command: ['true', '${env:SECRET}'],
      env: { A: '${env:SECRET}' },
      tool: 'x',
    },
    chat: {
      interface: 'sse',
      api: 'openai-chat',
      url: 'https://127.0.0.1:9',
      auth: { oauth2: { token_url: 'https://127.0.0.1/t', client_id: 'c', client_secret: '${env:SECRET}' } },
    },
  },
  defaults: {
    rounds: 2,
    payload: { size: '1KiB' },
    load: { concurrency: 2, duration: '1s' },
    timeout: { total: '5s' },
  },
  cases: [
    { target: ['rest', 'grpc'], slo: { request_latency: '50ms' } },
    {
      target: 'chat',
      payload: { prompt_tokens: 4, output_tokens: 4 },
      load: { model: 'poisson', rate: '20/s', duration: '1s' },
    },
    {
      name: 'up',
      target: 'rest',
      load: { model: 'ramp', start_rate: '0/s', stages: [{ rate: '9/s', duration: '2s' }] },
    },
    { target: 'mcp', payload: { json: { a: ['${env:SECRET}', 1] } } },
    { target: 'ws', payload: { text: 'say ${env:SECRET}', messages: 3, message_interval: '1ms' } },
  ],
  vary: {
    'payload.size': ['256B', '10KiB'],
    'load.concurrency': [1, 8],
    'target.connection': ['reused', 'cold'],
  },
  thresholds: {
    rest: { request_latency: { p99: '< 50ms' }, error_rate: '< 0.1%' },
    all: { goodput: '> 90%' },
  },
  claims: [{ says: 'so', metric: 'request_latency.p50', of: 'rest', over: 'grpc', expect: '2..3' }],
}

const shipped = fileURLToPath(new URL('../../scenarios/', import.meta.url))
const TEXTS = readdirSync(shipped)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(join(shipped, name), 'utf8'))
const ALIASES = 'x: &a { b: 1 }\ntargets: { rest: *a }\ncases: [*a, { <<: *a }]\n'
const TREES = [WHOLE, ...TEXTS.map((text) => parse(text) as unknown)]

let folder = ''
const before = (): void => {
  folder = mkdtempSync(join(tmpdir(), 'infer-bench-fuzz-'))
}
const after = (): void => rmSync(folder, { recursive: true })

/** As much as any error may print: twenty screens of it help nobody. */
const LONGEST_ERROR = 50_000

async function expectTyped(text: string, set: readonly string[] = []): Promise<void> {
  const file = join(folder, 's.yaml')
  writeFileSync(file, text)
  try {
    const plan = makePlan(await loadScenario(file, { env, set }), { reference: null })
    const stored = JSON.stringify(plan)
    if (JSON.stringify(JSON.parse(stored)) !== stored) throw new Error('the plan is no JSON')
    // What is nowhere a credential is a setting, which a plan may hold.
    const proofs = plan.cases.map(({ target }) => [target.headers, target.token, target.options])
    const isProof = JSON.stringify(proofs).includes('${env:SECRET}')
    if (isProof && stored.includes(SECRET)) throw new Error('the plan holds a secret')
    if (scrub(`it is ${SECRET}`, secretsOf(plan, env)).includes(SECRET) && text.includes('${env:SECRET}')) {
      if (stored.includes('${env:SECRET}')) throw new Error('a secret of the plan is not scrubbed')
    }
  } catch (error) {
    if (!(error instanceof ScenarioError || error instanceof UsageError)) throw error
    if (error.message.length > LONGEST_ERROR)
      throw new Error(`an error of ${error.message.length} characters`)
    expectSafe(error.message)
    if (error.message.includes(SECRET)) throw new Error('the error tells a secret')
  }
}

/** What parsers of YAML and of templates take long for. */
const large = fc
  .tuple(
    fc.constantFrom<[before: string, repeated: string, after: string]>(
      ['{', 'k#: 1, ', '}'],
      ['', 'k#: 1\n', ''],
      ['targets: { rest: { url: "', '${env:A:-', '" } }'],
      ['targets: { rest: { url: "', '${reference.http}', '" } }'],
      ['targets: { rest: { url: "${env:A:-', '${reference.http}', '" } }'],
      ['[', '[', ''],
      ['', '- ', ''],
      ['{', '{a: ', ''],
      ['a: ', '&a ', ''],
      ['a: "', '\\u202e', '"'],
      ['x: [', '*a, ', ']'],
      ['', '? ', ''],
      ['', '# x\n', ''],
      ['cases: [', '{ target: rest }, ', ']'],
    ),
    fc.integer({ min: 1, max: 100_000 }),
  )
  .map(([[head, repeated, tail], count]) => {
    const most = Math.min(count, Math.floor(2 ** 20 / repeated.length))
    const parts = Array.from({ length: most }, (_, index) => repeated.replace('#', String(index)))
    return head + parts.join('') + tail
  })

const texts = subject<string>({
  name: 'a scenario, its text',
  inputs: changedText(...TEXTS, ALIASES, stringify(WHOLE)),
  examples: [
    'targets: { a: { interface: grpc, api: kserve-v2, url: "grpc://127.0.0.1:80\\u0016", model: mlp } }',
    'targets: { a: { interface: rest, api: kserve-v2, url: "http://x", model: "\\ud800" } }',
  ],
  cost: 20,
  before,
  after,
  holds: (text) => expectTyped(text),
})

const trees = subject<unknown>({
  name: 'a scenario, its keys and values',
  inputs: changedTree(...TREES),
  examples: [{ targets: { a: { interface: 'mcp', api: 'raw', command: 'x', env: { toString: 'x' } } } }],
  cost: 20,
  before,
  after,
  holds: (tree) => expectTyped(JSON.stringify(tree) ?? ''),
})

const huge = subject<string>({
  name: 'a scenario of a mebibyte',
  inputs: large,
  weight: 500,
  before,
  after,
  holds: (text) => expectTyped(text),
})

const overrides = subject<[key: string, value: string]>({
  name: 'an override (`--set`)',
  inputs: fc.tuple(
    fc.oneof(
      fc.constantFrom(
        'name',
        'seed',
        'targets.rest.url',
        'cases.0.load',
        'vary.payload.size',
        'x',
        'a.b',
        '__proto__.x',
      ),
      fc.constantFrom('cases.9', 'cases.length', 'name.x', 'targets.__proto__.url', 'thresholds.all.goodput'),
      changedText('defaults.load.rate'),
    ),
    changedText('1s', '[&x 1, *x]', '{ a: 1, b: [2] }', '"${env:SECRET}"', '!!binary aGk=', '&a [*a]'),
  ),
  examples: [
    ['name', '[&x 1, *x]'],
    ['name', '*x'],
    ['name', '['.repeat(50_000)],
  ],
  cost: 20,
  before,
  after,
  holds: ([key, value]) => expectTyped(stringify(WHOLE), [`${key}=${value}`]),
})

export const scenarios: Subject[] = [texts, trees, huge, overrides]
