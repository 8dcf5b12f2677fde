/**
 * The contract of dialects: every one of the registry passes it over every interface that it speaks, with every method
 * that it has there, against the bundled server. A dialect joins by its exchanges below; `raw`, which is no convention, is
 * what the contract of protocols is played with.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import type { Dialect } from '../../src/dialects/dialect.ts'
import { DIALECTS } from '../../src/dialects/registry.ts'
import { PROTOCOLS, protocol } from '../../src/drivers/registry.ts'
import type { Payload, TensorEncoding } from '../../src/plan/plan.ts'
import { started } from '../reference-server/started.ts'
import { caseOf, type Play, play } from './play.ts'
import { TWINS } from './twins.ts'

const CALLS = 4

interface Exchange {
  model: string
  payload: Payload
  /** In each call, both directions. */
  payloadBytes: number
  tokens: number
}

/** How a dialect is called over an interface. */
interface Way {
  title: string
  api: string
  interfaceName: string
  options: Record<string, unknown>
}

const common = { batch: 1, seed: 3, label: '' } as const
const SIZE = 1024
/** What `mlp` makes of a row. */
const OUTPUT_BYTES = 16 * 4

const SHAPE = [3, 5, 4]
const SHAPED_BYTES = 4 * 3 * 5 * 4

/**
 * A tensor that comes back as it went, one that comes back as four rows, and one with a name, a type and a shape of its
 * own, in each of the encodings.
 */
function tensors(...encodings: TensorEncoding[]): Exchange[] {
  return encodings.flatMap((encoding) => {
    const payload: Payload = { ...common, encoding, form: 'size', byteCount: SIZE }
    const named: Payload = {
      ...payload,
      byteCount: SHAPED_BYTES,
      tensor: 'ids',
      datatype: 'INT32',
      shape: SHAPE,
    }
    return [
      { model: 'echo', payload, payloadBytes: 2 * SIZE, tokens: 0 },
      { model: 'echo', payload: named, payloadBytes: 2 * SHAPED_BYTES, tokens: 0 },
      { model: 'mlp', payload: { ...payload, batch: 4 }, payloadBytes: SIZE + 4 * OUTPUT_BYTES, tokens: 0 },
    ]
  })
}

/** Characters of one and of two bytes, which `echo` gives back by turns, as a token each. */
const TEXT = 'hé'

const TEXTS: Exchange[] = [7, 1].map((outputTokens) => ({
  model: 'echo',
  payload: { ...common, encoding: 'json', form: 'text', text: TEXT, outputTokens, ignoreEos: true },
  payloadBytes: Buffer.byteLength(TEXT) + Buffer.byteLength(TEXT.repeat(4).slice(0, outputTokens)),
  tokens: outputTokens,
}))

const EMBEDDINGS: Exchange[] = (['json', 'base64'] as const).flatMap((encoding) =>
  [1, 3].map((batch) => ({
    model: 'mlp',
    payload: { ...common, encoding, batch, form: 'text', text: TEXT, outputTokens: 1, ignoreEos: false },
    payloadBytes: batch * (Buffer.byteLength(TEXT) + OUTPUT_BYTES),
    tokens: 0,
  })),
)

/** Bytes that nobody sends back. */
const UPLOADS: Exchange[] = [
  {
    model: '',
    payload: { ...common, encoding: 'json', form: 'size', byteCount: SIZE },
    payloadBytes: SIZE,
    tokens: 0,
  },
]

const EXCHANGES: Readonly<Record<string, Exchange[]>> = {
  'kserve-v2 over rest': tensors('json', 'base64', 'binary', 'multipart'),
  'kserve-v2 over grpc ModelInfer': tensors('json', 'binary'),
  'kserve-v2 over grpc ModelStreamInfer': [...tensors('json', 'binary'), ...TEXTS],
  'kserve-v2 over websocket infer': tensors('json', 'binary'),
  'kserve-v2 over websocket generate': TEXTS,
  'kserve-v2 over mcp infer': tensors('json'),
  'kserve-v2 over mcp generate': TEXTS,
  'openai-chat over rest': TEXTS,
  'openai-chat over sse': TEXTS,
  'openai-completions over rest': TEXTS,
  'openai-completions over sse': TEXTS,
  'openai-embeddings over rest': EMBEDDINGS,
  'anthropic-messages over rest': TEXTS,
  'anthropic-messages over sse': TEXTS,
  'inferbench-generation over grpc Generate': TEXTS,
  'inferbench-generation over grpc Collect': UPLOADS,
  'tf-serving over rest': tensors('json'),
  'tf-serving over grpc Predict': tensors('json', 'binary'),
}

/** Where a call names no model. */
const NAMES_NO_MODEL = ['inferbench-generation over grpc Collect']

/** Where the twin's reply, ten digits, is as good as any: a text is a text. */
const TAKES_ANY_REPLY = ['kserve-v2 over mcp generate']

/** The methods that a dialect has over an interface, and the target's key that names one. */
function methodsOf({ grpc, websocket, mcp }: Dialect, interfaceName: string) {
  const [key, methods] =
    interfaceName === 'grpc'
      ? (['method', grpc?.methods] as const)
      : interfaceName === 'websocket'
        ? (['method', websocket?.methods] as const)
        : interfaceName === 'mcp'
          ? (['tool', mcp?.tools] as const)
          : (['', null] as const)
  return { key, names: Object.keys(methods ?? {}) }
}

const WAYS: Way[] = DIALECTS.filter(({ name }) => name !== 'raw').flatMap((dialect) =>
  PROTOCOLS.filter(({ speaks }) => speaks(dialect)).flatMap(({ name: interfaceName }): Way[] => {
    const way = {
      title: `${dialect.name} over ${interfaceName}`,
      api: dialect.name,
      interfaceName,
      options: {},
    }
    const { key, names } = methodsOf(dialect, interfaceName)
    if (names.length === 0) return [way]
    return names.map((name) => ({ ...way, title: `${way.title} ${name}`, options: { [key]: name } }))
  }),
)

let server: ReferenceServer

beforeAll(async () => {
  server = await started()
})
afterAll(() => server.close())

test('every dialect has exchanges over each interface that it speaks, and no other', () => {
  expect(Object.keys(EXCHANGES).sort()).toEqual(WAYS.map(({ title }) => title).sort())
})

describe.each(WAYS)('$title', ({ title, api, interfaceName, options }) => {
  const exchanges = EXCHANGES[title] ?? []
  const load = { model: 'closed', concurrency: 2, calls: CALLS } as const
  const targetOf = (url: string, model: string): Play['target'] => ({
    interface: interfaceName,
    api,
    url,
    model,
    options,
  })

  function addressOf(model: string): string {
    const { httpUrl, grpcUrl } = server
    const base = { http: httpUrl, grpc: grpcUrl, ws: httpUrl.replace('http', 'ws') }[
      protocol(interfaceName).reference
    ]!
    const { target } = caseOf({ target: targetOf(base, model) })
    return base + protocol(interfaceName).path(target)
  }

  const rows = exchanges.map((exchange) => {
    const { model, payload } = exchange
    const tokens = payload.form === 'text' ? `, ${payload.outputTokens} tokens` : ''
    const shape = 'shape' in payload ? `, [${payload.shape}]` : ''
    return {
      ...exchange,
      what: `${model}, ${payload.encoding}, ${payload.form}, batch ${payload.batch}${shape}${tokens}`,
    }
  })

  test.each(rows)('counts payload and tokens: $what', async ({ model, payload, payloadBytes, tokens }) => {
    const played = await play({ target: targetOf(addressOf(model), model), payload, load })
    expect(played.errors).toEqual([])
    expect(played.counts).toMatchObject({ calls: CALLS, payloadBytes: CALLS * payloadBytes })
    expect(played.counts.tokensInWindow).toBe(CALLS * tokens)
    expect(played.end.bytes.written).toBeGreaterThan(0)
  })

  test.skipIf(NAMES_NO_MODEL.includes(title))(
    'a model that is not there is an error, by its class',
    async () => {
      const { payload, model } = exchanges[0]!
      const target = targetOf(addressOf(model).replace(model, 'nobody'), 'nobody')
      const played = await play({ target, payload, load })
      expect(played.counts).toMatchObject({ calls: CALLS, errors: CALLS })
      expect(Object.keys(played.classes)).toHaveLength(1)
      expect(played.errors[0]!.outcome.sample).toMatch(/nobody/)
    },
  )

  test.skipIf(TAKES_ANY_REPLY.includes(title))(
    'a broken reply is counted as decode, and the next call runs',
    async () => {
      const { payload, model } = exchanges[0]!
      const kind = protocol(interfaceName).kind(caseOf({ target: targetOf('http://test/', model) }).target)
      const twin = TWINS.find((candidate) => candidate.name === interfaceName && candidate.kind === kind)!
      const broken = await twin.start(() => 'answer', false)
      try {
        const target = targetOf(broken.url, model)
        const played = await play({
          target,
          payload,
          load: { ...load, concurrency: 1 },
          timeouts: { totalMs: 1500 },
        })
        expect(played.classes).toEqual({ decode: CALLS })
      } finally {
        await broken.stop()
      }
    },
  )
})
