// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.

import { describe, expect, test } from 'vitest'
import { makePlan } from '../../src/plan/make-plan.ts'
import { CHAT, load, plan, REST } from '../scenario/scenario-file.ts'

test('a scenario that says nothing gets every default', async () => {
  const { cases, ...rest } = await plan(REST)
  expect(rest).toEqual({
    name: 's',
    description: null,
    seed: 1,
    server: null,
    report: 'cases',
    thresholds: [],
  })
  expect(cases).toEqual([
    {
      name: 'rest',
      labels: {},
      target: {
        name: 'rest',
        interface: 'rest',
        api: 'kserve-v2',
        url: 'http://x/v2/models/mlp/infer',
        model: 'mlp',
        headers: {},
        tls: { ca: null, cert: null, key: null, servername: null, verify: true },
        connection: 'reused',
        options: { http: '1.1', compression: 'none' },
      },
      payload: { form: 'size', byteCount: 1024, label: '1KiB', encoding: 'json', batch: 1, seed: 1 },
      load: {
        model: 'closed',
        concurrency: 1,
        warmupMs: 500,
        durationMs: 3000,
        calls: null,
        overflow: 'queue',
        connections: null,
      },
      rounds: 3,
      timeouts: { connectMs: 10_000, firstByteMs: null, idleMs: null, totalMs: 30_000 },
      slo: [],
    },
  ])
})

test('a plan is plain JSON', async () => {
  const made = await plan(`${CHAT}defaults: { slo: { time_to_first_token: 1s } }\n`)
  expect(JSON.parse(JSON.stringify(made))).toEqual(made)
})

describe('what an API sends where the scenario does not say', () => {
  test.each([
    ['rest', 'kserve-v2', { form: 'size', byteCount: 1024 }],
    ['rest', 'openai-chat', { form: 'tokens', promptTokens: 32, outputTokens: 32, ignoreEos: false }],
    ['sse', 'openai-completions', { form: 'tokens', promptTokens: 32, outputTokens: 32, ignoreEos: false }],
    ['rest', 'raw', { form: 'none' }],
  ])('%s %s', async (interfaceName, api, payload) => {
    const target = `{ interface: ${interfaceName}, api: ${api}, url: "http://x", model: m }`
    const [only] = (await plan(`targets: { a: ${target} }\n`)).cases
    expect(only).toMatchObject({ payload })
  })
})

describe('a URL', () => {
  const REFERENCE = {
    httpUrl: 'http://127.0.0.1:1234',
    httpsUrl: 'https://127.0.0.1:4321',
    grpcUrl: 'grpc://127.0.0.1:5678',
    grpcsUrl: null,
    caFile: '/tmp/ca.pem',
    clientCertFile: null,
    clientKeyFile: null,
  }

  test.each([
    ['http://x', 'http://x/v2/models/mlp/infer'],
    ['http://x/', 'http://x/v2/models/mlp/infer'],
    ['http://x?k=${env:KEY}', 'http://x/v2/models/mlp/infer?k=${env:KEY}'],
    ['http://x/own/path', 'http://x/own/path'],
    ['${env:BASE}', '${env:BASE}/v2/models/mlp/infer'],
    ['${env:SLASH}', '${env:SLASH}v2/models/mlp/infer'],
    ['${env:FULL}', '${env:FULL}'],
    ['${env:NONE:-http://x}/p', '${env:NONE:-http://x}/p'],
    ['${reference.http}', 'http://127.0.0.1:1234/v2/models/mlp/infer'],
    ['${reference.https}/p', 'https://127.0.0.1:4321/p'],
    ['${env:NONE:-${reference.http}}', '${env:NONE:-http://127.0.0.1:1234}/v2/models/mlp/infer'],
  ])('%s becomes %s', async (url, expected) => {
    const env = { BASE: 'http://b', SLASH: 'http://b/', FULL: 'http://b/full', KEY: 'k' }
    const text = `server: reference\ntargets: { a: { interface: rest, api: kserve-v2, model: mlp, url: ${JSON.stringify(url)} } }\n`
    const made = makePlan(await load(text, { env }), { reference: REFERENCE })
    expect(made.cases[0]?.target.url).toBe(expected)
  })

  test('and its CA are those of the reference server', async () => {
    const text =
      'server: reference\ntargets: { a: { interface: rest, api: raw, url: "${reference.https}", tls: { ca: "${reference.ca}" } } }\n'
    expect(makePlan(await load(text), { reference: REFERENCE })).toMatchObject({
      server: 'reference',
      cases: [{ target: { tls: { ca: '/tmp/ca.pem' } } }],
    })
  })
})

test('files are absolute, wherever the plan goes', async () => {
  const text = `targets: { a: { interface: rest, api: raw, url: "https://x/y", tls: { ca: ca.pem } } }
cases: [{ target: a, payload: { file: body.bin } }]
`
  const scenario = await load(text, { files: { 'ca.pem': '', 'body.bin': '' } })
  const [only] = makePlan(scenario, { reference: null }).cases
  expect(only?.target.tls.ca).toBe(`${scenario.directory}/ca.pem`)
  expect(only?.payload).toMatchObject({ form: 'file', path: `${scenario.directory}/body.bin` })
})

describe('a case and the defaults', () => {
  const merged = async (defaults: string, own: string, targets = REST) => {
    const name = targets === REST ? 'rest' : 'chat'
    const text = `${targets}defaults: ${defaults}\ncases: [{ target: ${name}, ${own} }]\n`
    return (await plan(text)).cases[0]!
  }

  test.each([
    {
      why: 'one model: key by key',
      defaults: '{ load: { concurrency: 8, duration: 5s, connections: 2 } }',
      own: 'load: { concurrency: 4 }',
      load: { model: 'closed', concurrency: 4, durationMs: 5000, connections: 2 },
    },
    {
      why: 'another model: only the lengths of time are kept',
      defaults: '{ load: { concurrency: 8, duration: 5s, warmup: 1s, connections: 2, overflow: drop } }',
      own: 'load: { model: constant, rate: 5/s }',
      load: {
        model: 'constant',
        ratePerSecond: 5,
        durationMs: 5000,
        warmupMs: 1000,
        connections: null,
        overflow: 'queue',
      },
    },
    {
      why: 'calls take the place of a duration',
      defaults: '{ load: { duration: 5s } }',
      own: 'load: { calls: 10 }',
      load: { durationMs: null, calls: 10 },
    },
    {
      why: 'a duration takes the place of calls',
      defaults: '{ load: { calls: 10 } }',
      own: 'load: { duration: 5s }',
      load: { durationMs: 5000, calls: null },
    },
    {
      why: 'a ramp is as long as its stages',
      defaults: '{ load: { duration: 60s, warmup: 0s } }',
      own: 'load: { model: ramp, stages: [{ rate: 5/s, duration: 1s }, { rate: 0/s, duration: 2s }] }',
      load: { model: 'ramp', startRatePerSecond: 0, durationMs: 3000, warmupMs: 0 },
    },
  ])('$why', async ({ defaults, own, load: expected }) => {
    expect((await merged(defaults, own)).load).toMatchObject(expected)
  })

  test.each([
    {
      why: 'a key that goes with the default form is added to it',
      targets: REST,
      defaults: '{ payload: { size: 2KiB } }',
      own: 'payload: { encoding: binary }',
      payload: { form: 'size', byteCount: 2048, encoding: 'binary' },
    },
    {
      why: 'another form takes the place of the default one',
      targets: CHAT,
      defaults: '{ payload: { size: 2KiB } }',
      own: 'payload: { output_tokens: 8 }',
      payload: { form: 'tokens', promptTokens: 32, outputTokens: 8, ignoreEos: false },
    },
    {
      why: 'output_tokens go with a default text',
      targets: CHAT,
      defaults: '{ payload: { text: hello } }',
      own: 'payload: { output_tokens: 8 }',
      payload: { form: 'text', text: 'hello', outputTokens: 8, ignoreEos: false },
    },
    {
      why: 'a json of null is a payload',
      targets: REST,
      defaults: '{}',
      own: 'payload: { json: null }',
      payload: { form: 'json', json: null },
    },
  ])('payload: $why', async ({ targets, defaults, own, payload }) => {
    expect((await merged(defaults, own, targets)).payload).toMatchObject(payload)
  })

  test('timeouts and objectives are laid over each other one by one', async () => {
    const made = await merged(
      '{ timeout: { total: 5s, idle: 1s }, slo: { request_latency: 50ms, service_time: 40ms }, rounds: 2 }',
      'timeout: { idle: 2s }, slo: { request_latency: 60ms }',
    )
    expect(made).toMatchObject({
      rounds: 2,
      timeouts: { connectMs: 10_000, firstByteMs: null, idleMs: 2000, totalMs: 5000 },
      slo: [
        { metric: 'request_latency', atMost: 60 },
        { metric: 'service_time', atMost: 40 },
      ],
    })
  })
})

test('an objective that has no meaning for a case’s calls is none of the case', async () => {
  const text = `targets:
  rest: { interface: rest, api: openai-chat, url: "http://x" }
  chat: { interface: sse, api: openai-chat, url: "http://x" }
defaults: { slo: { time_to_first_token: 1s, overhead_time: 2s, request_latency: 3s } }
`
  const [rest, chat] = (await plan(text)).cases
  expect(rest?.slo.map(({ metric }) => metric)).toEqual(['request_latency', 'overhead_time'])
  expect(chat?.slo.map(({ metric }) => metric)).toEqual(['request_latency', 'time_to_first_token'])
})

describe('thresholds', () => {
  const TWO = `targets:
  rest: { interface: rest, api: openai-chat, url: "http://x" }
  chat: { interface: sse, api: openai-chat, url: "http://x" }
cases:
  - { target: [rest, chat], name: both }
  - { target: chat, name: alone }
`

  test.each([
    ['all', ['both rest', 'both chat', 'alone']],
    ['chat', ['both chat', 'alone']],
    ['both', ['both rest', 'both chat']],
    ['both chat', ['both chat']],
  ])('for %s hold for %j', async (scope, cases) => {
    const made = await plan(`${TWO}thresholds: { ${scope}: { error_rate: "<= 0.5%" } }\n`)
    expect(made.thresholds).toEqual([
      {
        says: `${scope}: error_rate <= 0.5%`,
        cases,
        metric: 'error_rate',
        statistic: null,
        operator: '<=',
        limit: 0.005,
      },
    ])
  })

  test('hold for those cases alone that have the metric', async () => {
    const made = await plan(`${TWO}thresholds: { all: { inter_chunk_latency: { p99: "<5ms" } } }\n`)
    expect(made.thresholds.map(({ cases }) => cases)).toEqual([['both chat', 'alone']])
  })

  test('of a message are for streams that send several', async () => {
    const talk =
      'talk: { interface: grpc, api: kserve-v2, url: "grpc://x", model: m, method: ModelStreamInfer }'
    const limited = (messages: number, scope = 'all') =>
      plan(`targets: { ${talk}, chat: { interface: sse, api: openai-chat, url: "http://x" } }
cases:
  - { target: talk, payload: { size: 4B, messages: ${messages} } }
  - { target: chat }
thresholds: { ${scope}: { message_latency: { p99: "< 32ms" } } }
`)
    expect((await limited(2)).thresholds.map(({ cases }) => cases)).toEqual([['talk']])
    await expect(limited(1, 'talk')).rejects.toThrow('a stream for one message has no message_latency')
    await expect(limited(2, 'chat')).rejects.toThrow('a stream for one message has no message_latency')
  })

  test.each([
    [
      '{ request_latency: { p99_9: "< 1.5s" } }',
      { metric: 'request_latency', statistic: 'p99_9', limit: 1500 },
    ],
    ['{ request_throughput: ">= 90/m" }', { metric: 'request_throughput', operator: '>=', limit: 1.5 }],
    ['{ output_token_throughput: "> 5000000/s" }', { limit: 5_000_000 }],
    ['{ overhead_bytes: "< 50%" }', { metric: 'overhead_bytes', limit: 0.5 }],
    ['{ overhead_bytes: "< 4.5" }', { metric: 'overhead_bytes', limit: 4.5 }],
  ])('%s', async (text, expected) => {
    expect((await plan(`${TWO}thresholds: { all: ${text} }\n`)).thresholds[0]).toMatchObject(expected)
  })
})
