/** Every protocol's do-nothing server answers what a case of it sends, in every way in which it can be sent. */

import { afterEach, expect, test } from 'vitest'
import { makeServerCertificate } from '../../reference-server/tls/certificates.ts'
import { type IdleServer, streamsReply, streamsRequest } from '../../src/drivers/driver.ts'
import { PROTOCOLS, protocol } from '../../src/drivers/registry.ts'
import type { Payload, Target } from '../../src/plan/plan.ts'
import { optionsOf } from '../../src/scenario/target-options.ts'
import { caseOf, NOTHING, play } from './play.ts'

interface Way {
  name: string
  scheme: string
  api?: string
  options?: Record<string, unknown>
  payload?: Payload
  connection?: Target['connection']
}

const TENSOR: Payload = { ...NOTHING, form: 'size', byteCount: 256 * 1024, label: '' }
const MESSAGES: Payload = { ...TENSOR, byteCount: 1024, messages: 3 }
const PROMPT: Payload = {
  ...NOTHING,
  form: 'tokens',
  promptTokens: 8,
  outputTokens: 8,
  ignoreEos: false,
}

const WAYS: Way[] = [
  ...PROTOCOLS.flatMap(({ name, schemes, kinds }) =>
    kinds.flatMap((kind): Way[] => {
      const options = { ...(kinds.length > 1 && { kind }), ...(name === 'mcp' && { tool: 'idle' }) }
      const isSent = name !== 'mcp'
      const payload = streamsRequest(kind) ? MESSAGES : isSent ? TENSOR : NOTHING
      return schemes.slice(0, 2).map((scheme) => ({ name, scheme: `${scheme}:`, options, payload }))
    }),
  ),
  { name: 'rest', scheme: 'http:', options: { http: '2' }, payload: TENSOR },
  { name: 'rest', scheme: 'https:', options: { http: '2' }, payload: TENSOR, api: 'kserve-v2' },
  { name: 'rest', scheme: 'https:', connection: 'cold', api: 'kserve-v2', payload: MESSAGES },
  { name: 'rest', scheme: 'https:', connection: 'resumed', api: 'openai-chat', payload: PROMPT },
  { name: 'sse', scheme: 'https:', options: { http: '2' }, api: 'openai-chat', payload: PROMPT },
  { name: 'sse', scheme: 'http:', options: { resume: true }, api: 'anthropic-messages', payload: PROMPT },
  { name: 'grpc', scheme: 'grpcs:', options: { compression: 'gzip' }, api: 'kserve-v2', payload: TENSOR },
  { name: 'grpc', scheme: 'grpc:', connection: 'cold', api: 'tf-serving', payload: MESSAGES },
  { name: 'websocket', scheme: 'wss:', options: { compression: 'deflate' }, payload: TENSOR },
  { name: 'websocket', scheme: 'ws:', api: 'kserve-v2', payload: TENSOR, options: { resume: true } },
  { name: 'websocket', scheme: 'ws:', api: 'kserve-v2', payload: PROMPT, options: { method: 'generate' } },
  { name: 'mcp', scheme: 'http:', options: { tool: 'idle', revision: '2026-07-28' } },
  { name: 'mcp', scheme: 'http:', options: { method: 'tools/list' } },
  { name: 'mcp', scheme: 'https:', options: { tool: 'idle', http: '2' } },
  { name: 'mcp', scheme: 'http:', options: { tool: 'idle', http: '2', kind: 'server-stream' } },
  { name: 'mcp', scheme: 'wss:', options: { tool: 'idle', kind: 'server-stream' } },
  { name: 'mcp', scheme: 'http:', options: { session: 'shared' }, api: 'kserve-v2', payload: MESSAGES },
  { name: 'mcp', scheme: 'stdio:', options: { command: ['none'], tool: 'idle' } },
]

const certificate = makeServerCertificate(['127.0.0.1'])
let server: IdleServer | null = null

afterEach(() => {
  server?.close()
  server = null
})

test.each(WAYS)('$name $scheme $api $options $connection', async (way) => {
  const { name, scheme, api = 'raw', payload = NOTHING, connection = 'reused' } = way
  const found = protocol(name)
  const options = { ...way.options, ...optionsOf(name, way.options ?? {}) }
  const target = caseOf({ target: { interface: name, api, url: scheme, options } }).target
  const kind = found.kind(target)
  server = await found.idleServer({ api, scheme, options, kind, certificate })
  const played = await play({
    isIdle: true,
    load: { model: 'closed', concurrency: 2, calls: 6 },
    payload,
    target: {
      interface: name,
      api,
      model: 'mlp',
      url: server.url,
      connection,
      options: { ...options, ...server.options },
      tls: { ca: null, cert: null, key: null, servername: null, verify: false },
    },
  })
  expect(played.errors).toEqual([])
  expect(played.counts.calls).toBe(6)
  if (streamsReply(kind)) expect(played.valuesOf('time_to_first_token')).toBe(6)
})
