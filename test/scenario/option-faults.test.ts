/** Keys of a target that only some interfaces know. */

import { describe, expect, test } from 'vitest'
import { faults, plan } from './scenario-file.ts'

const WEBSOCKET = 'interface: websocket, api: kserve-v2, url: "ws://x:1", model: m'
const GRPC = 'interface: grpc, api: kserve-v2, url: "grpc://x:8001", model: mlp'
const REST = 'interface: rest, api: kserve-v2, url: "http://x", model: mlp'

describe('a key', () => {
  test.each([
    [
      `targets: { a: { ${GRPC}, http: 2 } }`,
      ['s.yaml:1:84: `http` has no meaning for grpc', '  Remove it: it is for rest, sse and mcp.'],
    ],
    [
      `targets: { a: { ${REST}, service: x.Y } }`,
      ['s.yaml:1:79: `service` has no meaning for rest', '  Remove it: it is for grpc.'],
    ],
    [`targets: { a: { ${REST}, htpp: 2 } }`, ['s.yaml:1:79: unknown key `htpp`', '  Did you mean `http`?']],
    [
      `targets: { a: { ${REST}, http: 3 } }`,
      ['s.yaml:1:85: there is no HTTP version `3`', '  Did you mean `2`?'],
    ],
    [
      `targets: { a: { ${REST}, http: 3, htpp: 2 } }`,
      ['s.yaml:1:85: there is no HTTP version `3`', 's.yaml:1:88: unknown key `htpp`'],
    ],
    [
      `targets: { a: { ${GRPC}, compression: br } }`,
      ['s.yaml:1:97: there is no compression `br`', '  The choices are `none`, `gzip`, `deflate`.'],
    ],
    [
      `targets: { a: { ${GRPC} } }\nvary: { target.compression: [gzip, br] }`,
      ['s.yaml:2:36: there is no compression `br`'],
    ],
    [`targets: { a: { ${GRPC} } }\nvary: { target.http: [2] }`, ['s.yaml:2:9: no case has `target.http`']],
    [
      `targets: { a: { ${GRPC}, method: Infer } }`,
      ['s.yaml:1:12: kserve-v2 has no method Infer', '  Take one of ModelInfer, ModelStreamInfer.'],
    ],
    [
      `targets: { a: { ${GRPC}, kind: bidi } }`,
      ['s.yaml:1:12: ModelInfer is a call of the kind unary', '  Remove kind from the target.'],
    ],
    [
      'targets: { a: { interface: grpc, api: raw, url: "grpc://x:1" } }',
      ['s.yaml:1:12: raw names no call', '  Add service and method to the target'],
    ],
    [
      'targets: { a: { interface: grpc, api: openai-chat, url: "grpc://x:1" } }',
      ['s.yaml:1:39: the API openai-chat is not spoken over grpc', '  It is spoken over rest and sse.'],
    ],
    [
      'targets: { a: { interface: grpc, api: kserve-v2, model: m, url: "ftp://x:1" } }',
      [
        'a URL begins with grpc://, grpcs://, http:// or https://',
        '  Write it like grpc://example.com:8001.',
      ],
    ],
    [
      'targets: { a: { interface: rest, api: raw, url: "grpc://x:1" } }',
      ['a URL begins with http:// or https://'],
    ],
    [
      `targets: { a: { ${WEBSOCKET}, method: ModelInfer } }`,
      ['kserve-v2 has no method ModelInfer', '  Take one of infer, generate.'],
    ],
    [
      `targets: { a: { ${WEBSOCKET}, correlation: order } }`,
      ['kserve-v2 says itself how its messages belong together', '  Remove correlation from the target.'],
    ],
    [
      'targets: { a: { interface: websocket, api: raw, url: "ws://x:1", resume: true } }',
      ['raw knows no sessions that outlive a connection', '  Remove resume from the target.'],
    ],
    [
      'targets: { a: { interface: sse, api: raw, url: "http://x", http: 2, resume: true } }',
      ['streams are resumed over HTTP/1.1 only', '  Remove resume or http from the target.'],
    ],
    [`targets: { a: { ${WEBSOCKET}, ping_interval: 5 } }`, ['a duration needs a unit']],
    [`targets: { a: { ${WEBSOCKET}, calls_per_connection: 0 } }`, ['this is not a number of calls']],
    [
      'targets: { a: { interface: grpc, api: kserve-v2, model: m, url: "grpc:///x" } }',
      ['this URL names no host'],
    ],
  ])('%s', async (text, expected) => {
    const found = await faults(`${text}\n`)
    for (const line of expected) expect(found).toContain(line)
  })
})

describe('a gRPC target', () => {
  const only = async (text: string) =>
    (await plan(`${text}\n`)).cases.map(({ name, target }) => ({ name, target }))

  test('gets the path of its method, and its defaults', async () => {
    const [one] = await only(`targets: { a: { ${GRPC} } }`)
    expect(one!.target).toMatchObject({
      url: 'grpc://x:8001/inference.GRPCInferenceService/ModelInfer',
      options: { compression: 'none' },
    })
  })

  test('may vary its method, and with it the path', async () => {
    const cases = await only(
      `targets: { a: { ${GRPC} } }\nvary: { target.method: [ModelInfer, ModelStreamInfer] }`,
    )
    expect(cases.map(({ name, target }) => [name, target.url])).toEqual([
      ['a ModelInfer', 'grpc://x:8001/inference.GRPCInferenceService/ModelInfer'],
      ['a ModelStreamInfer', 'grpc://x:8001/inference.GRPCInferenceService/ModelStreamInfer'],
    ])
  })

  test('without a convention calls what its URL or its service and method say', async () => {
    const target = 'interface: grpc, api: raw'
    const [byUrl] = await only(`targets: { a: { ${target}, url: "http://x:1/p.S/M", kind: bidi } }`)
    expect(byUrl!.target).toMatchObject({ url: 'http://x:1/p.S/M', options: { kind: 'bidi' } })
    const [byName] = await only(`targets: { a: { ${target}, url: "grpcs://x", service: p.S, method: M } }`)
    expect(byName!.target.url).toBe('grpcs://x/p.S/M')
  })
})

test('a model that varies is in the path of each case', async () => {
  const { cases } = await plan(`targets: { a: { ${REST} } }\nvary: { target.model: [mlp, echo] }\n`)
  expect(cases.map(({ target }) => target.url)).toEqual([
    'http://x/v2/models/mlp/infer',
    'http://x/v2/models/echo/infer',
  ])
})

test('one key may mean different things to different interfaces', async () => {
  const text = `targets: { a: { ${REST} }, b: { ${GRPC} } }\nvary: { target.compression: [gzip, none] }\n`
  const { cases } = await plan(text)
  expect(cases.map(({ name }) => name)).toEqual(['a gzip', 'a uncompressed', 'b gzip', 'b uncompressed'])
})

describe('messages of a payload', () => {
  const BIDI = `${GRPC}, method: ModelStreamInfer`

  test('are for calls whose client streams', async () => {
    const text = `targets: { a: { ${GRPC} } }\ncases: [{ target: a, payload: { messages: 2 } }]\n`
    const found = await faults(text)
    expect(found).toContain('s.yaml:2:33: `messages` has no meaning here: a call of a sends one message')
    expect(found).toContain('  Remove it, or call a method whose client streams.')
  })

  test('touch the cases that have them, from defaults and from vary', async () => {
    const targets = `targets: { a: { ${GRPC} }, b: { ${BIDI} } }\n`
    const made = await plan(
      `${targets}defaults: { payload: { message_interval: 20ms } }\nvary: { payload.messages: [1, 5] }\n`,
    )
    expect(made.cases.map(({ name }) => name)).toEqual(['a', 'b 1 message', 'b 5 messages'])
    expect(made.cases[2]!.payload).toMatchObject({ form: 'size', messages: 5, messageIntervalMs: 20 })
  })
})
