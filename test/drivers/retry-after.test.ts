/** Every interface tells the wait that a server asks for, in every form in which servers do. */

import { Metadata, status } from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import { streamsReply } from '../../src/drivers/driver.ts'
import { retryAfterOf } from '../../src/drivers/http/retry-after.ts'
import type { RetryAfter } from '../../src/drivers/retry-after.ts'
import type { Payload } from '../../src/plan/plan.ts'
import { type Play, type Played, play } from '../contract/play.ts'
import { startFaulty } from '../servers/faulty-http.ts'
import { startFaultyHttp2 } from '../servers/faulty-http2.ts'
import { startGrpcServer } from '../servers/plain-grpc.ts'
import { startPlain } from '../servers/plain-http.ts'
import { type McpHandler, startPlainMcp } from '../servers/plain-mcp.ts'
import { startWebSocket } from '../servers/plain-websocket.ts'

const NOW = 'Sun, 06 Nov 1994 08:49:30 GMT'
const YEAR_MS = 365 * 24 * 60 * 60 * 1000
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo'
const OTHER_DETAIL = { type: 'type.googleapis.com/google.rpc.QuotaFailure', value: Buffer.from([0x0a, 0x00]) }
const UNREADABLE = { afterMs: Number.NaN }

type Stoppable = { url: string; stop(): Promise<unknown> }
let server: Stoppable | null = null

afterEach(async () => {
  await server?.stop()
  server = null
})

function started<Server extends Stoppable>(one: Server): Server {
  server = one
  return one
}

const CALLS = 3
const CLOSED = { model: 'closed', concurrency: 1, calls: CALLS } as const

/** The class of the one error that all calls had, and the wait that it came with. */
function told({ counts, errors }: Played): { class: string; retryAfter: RetryAfter | undefined } {
  expect(counts).toMatchObject({ calls: CALLS, errors: CALLS })
  expect(errors).toHaveLength(1)
  const { class: errorClass, retryAfter } = errors[0]!.outcome
  return { class: errorClass, retryAfter }
}

describe('Retry-After', () => {
  test.each<[string, number, Record<string, string | string[]>, RetryAfter | undefined]>([
    ['seconds', 429, { 'retry-after': '120' }, { afterMs: 120_000 }],
    ['no time at all', 503, { 'retry-after': '0' }, { afterMs: 0 }],
    ['a fraction, which clients of the field take', 429, { 'retry-after': '0.25' }, { afterMs: 250 }],
    ['spaces around it', 429, { 'retry-after': ' 7 ' }, { afterMs: 7000 }],
    [
      'milliseconds beside it, which are exact',
      429,
      { 'retry-after': '1', 'retry-after-ms': '137' },
      { afterMs: 137 },
    ],
    ['milliseconds alone', 429, { 'retry-after-ms': '12.5' }, { afterMs: 12.5 }],
    ['milliseconds that are none', 429, { 'retry-after': '2', 'retry-after-ms': 'soon' }, { afterMs: 2000 }],
    ['milliseconds that are none, alone', 429, { 'retry-after-ms': 'soon' }, UNREADABLE],
    ['a date', 503, { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT', date: NOW }, { afterMs: 7000 }],
    [
      'a date of RFC 850',
      503,
      { 'retry-after': 'Sunday, 06-Nov-94 08:49:37 GMT', date: NOW },
      { afterMs: 7000 },
    ],
    ['a date of C', 503, { 'retry-after': 'Sun Nov  6 08:49:37 1994', date: NOW }, { afterMs: 7000 }],
    [
      'a date that has passed',
      503,
      { 'retry-after': 'Sun, 06 Nov 1994 08:49:00 GMT', date: NOW },
      { afterMs: 0 },
    ],
    [
      'a date, from a server that does not tell its own time',
      503,
      { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' },
      { atMs: Date.UTC(1994, 10, 6, 8, 49, 37) },
    ],
    ['a year', 429, { 'retry-after': String(YEAR_MS / 1000) }, { afterMs: YEAR_MS }],
    ['more than a number can hold', 429, { 'retry-after': '9'.repeat(400) }, { afterMs: Infinity }],
    ['less than nothing', 429, { 'retry-after': '-5' }, UNREADABLE],
    ['a word', 429, { 'retry-after': 'soon' }, UNREADABLE],
    ['a word that some take for a date', 429, { 'retry-after': 'soon 5' }, UNREADABLE],
    ['a date that does not exist', 429, { 'retry-after': 'Sun, 99 Foo 1994 08:49:37 GMT' }, UNREADABLE],
    ['nothing', 429, { 'retry-after': '' }, UNREADABLE],
    ['two of them', 429, { 'retry-after': ['3', '9'] }, { afterMs: 3000 }],
    ['another refusal', 413, { 'retry-after': '3' }, { afterMs: 3000 }],
    ['none', 429, {}, undefined],
    ['a success', 200, { 'retry-after': '3' }, undefined],
  ])('%s', (_what, statusCode, headers, expected) => {
    expect(retryAfterOf(statusCode, headers)).toEqual(expected)
  })
})

describe.each(['rest', 'sse'] as const)('%s', (name) => {
  const against = (http: '1.1' | '2', ca: string) =>
    play({
      target: {
        interface: name,
        url: server!.url,
        options: { http },
        tls: { ca, cert: null, key: null, servername: null, verify: true },
      },
      load: CLOSED,
    })

  test.each([429, 503])('a status of %d', async (statusCode) => {
    started(
      await startPlain((_request, response) => {
        response.writeHead(statusCode, { 'retry-after': '2' }).end('too many')
      }),
    )
    const played = await against('1.1', '')
    expect(told(played)).toEqual({ class: `http.${statusCode}`, retryAfter: { afterMs: 2000 } })
    expect(played.errors[0]!.outcome.sample).toBe('too many')
    expect(played.counts).toMatchObject({ throttled: CALLS, absurdWaits: 0 })
    expect(played.valuesOf('retry_after')).toBe(CALLS)
    expect(played.p50('retry_after')).toBeCloseTo(2000, -1)
  })

  test('a date, over HTTP/2', async () => {
    const server = started(
      await startPlain((_request, response) => {
        const inFive = new Date(Date.now() + 5000).toUTCString()
        response.writeHead(503, { 'retry-after': inFive }).end()
      }, {}),
    )
    const { retryAfter } = told(await against('2', server.ca))
    // Between two whole seconds: both dates are cut.
    expect([4000, 5000]).toContain((retryAfter as { afterMs: number }).afterMs)
  })

  test('what nobody can read is counted, and is no value', async () => {
    started(
      await startPlain((_request, response) => {
        response.writeHead(429, { 'retry-after': 'when I am ready' }).end()
      }),
    )
    const played = await against('1.1', '')
    expect(played.counts).toMatchObject({ throttled: CALLS, absurdWaits: CALLS })
    expect(played.valuesOf('retry_after')).toBe(0)
  })

  test('a refusal that asks for nothing', async () => {
    started(await startPlain((_request, response) => response.writeHead(429).end()))
    const played = await against('1.1', '')
    expect(told(played)).toEqual({ class: 'http.429', retryAfter: undefined })
    expect(played.counts.throttled).toBe(0)
  })

  test('a reply that succeeds after one that was refused asks for nothing', async () => {
    let count = 0
    started(
      await startPlain((_request, response) => {
        count++
        if (count === 1) response.writeHead(429, { 'retry-after': '0' }).end()
        else response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: x\n\n')
      }),
    )
    const played = await against('1.1', '')
    expect(played.counts).toMatchObject({ calls: CALLS, errors: 1, throttled: 1 })
  })
})

describe.each(['unary', 'server-stream', 'client-stream', 'bidi'] as const)('grpc %s', (kind) => {
  async function asking(code: number, name: string, value: string | Buffer) {
    const metadata = new Metadata()
    metadata.set(name, value)
    started(
      await startGrpcServer(kind, (call) => {
        // A stream may have begun to reply.
        if (streamsReply(kind)) call.write('01234')
        void call.messages.then(() => call.fail(code, 'too many', metadata))
      }),
    )
    return play({ target: { interface: 'grpc', url: server!.url, options: { kind } }, load: CLOSED })
  }

  test.each<[string, RetryAfter]>([
    ['250', { afterMs: 250 }],
    ['0', { afterMs: 0 }],
    ['-1', UNREADABLE],
    ['soon', UNREADABLE],
  ])('grpc-retry-pushback-ms: %s', async (value, retryAfter) => {
    const played = await asking(status.RESOURCE_EXHAUSTED, 'grpc-retry-pushback-ms', value)
    expect(told(played)).toEqual({ class: 'grpc.RESOURCE_EXHAUSTED', retryAfter })
    expect(played.counts.throttled).toBe(CALLS)
  })

  test.each<[string, Buffer, RetryAfter | undefined]>([
    ['1.5 s', detailsWith(retryInfo(1, 500_000_000)), { afterMs: 1500 }],
    ['no delay', detailsWith(retryInfo(0, 0)), { afterMs: 0 }],
    ['one beside another detail', detailsWith(OTHER_DETAIL, retryInfo(3, 0)), { afterMs: 3000 }],
    ['another detail alone', detailsWith(OTHER_DETAIL), undefined],
    ['less than nothing', detailsWith(retryInfo(-2, 0)), UNREADABLE],
    ['one that is cut', detailsWith({ type: RETRY_INFO, value: Buffer.from([0x0a, 0x7f]) }), UNREADABLE],
    ['details that are none', Buffer.from([0x1a, 0xff]), undefined],
  ])('google.rpc.RetryInfo: %s', async (_what, details, retryAfter) => {
    const played = await asking(status.UNAVAILABLE, 'grpc-status-details-bin', details)
    expect(told(played)).toEqual({ class: 'grpc.UNAVAILABLE', retryAfter })
  })
})

test.each([429, 503])(
  'grpc: a gateway that answers with a status of %d in plain HTTP',
  async (statusCode) => {
    started(
      await startFaultyHttp2((stream) =>
        stream.respond({ ':status': statusCode, 'retry-after': '2' }, { endStream: true }),
      ),
    )
    const target = { interface: 'grpc', url: server!.url, options: { kind: 'unary' } }
    const { class: errorClass, retryAfter } = told(await play({ target, load: CLOSED }))
    expect(errorClass).toBe('grpc.UNAVAILABLE')
    expect(retryAfter).toEqual({ afterMs: 2000 })
  },
)

describe('websocket', () => {
  const text: Payload = {
    form: 'text',
    text: 'hello',
    outputTokens: 4,
    ignoreEos: false,
    encoding: 'json',
    batch: 1,
    seed: 1,
    label: '',
  }

  test('an upgrade that is refused', async () => {
    started(
      await startFaulty((socket) =>
        socket.end('HTTP/1.1 429 Too Many\r\nretry-after: 0.01\r\ncontent-length: 4\r\n\r\nfull'),
      ),
    )
    const url = server!.url.replace('http', 'ws')
    const played = await play({
      target: { interface: 'websocket', url, options: { kind: 'unary' } },
      load: CLOSED,
    })
    expect(told(played)).toEqual({ class: 'upgrade', retryAfter: { afterMs: 10 } })
    expect(played.errors[0]!.outcome.code).toBe('429')
  })

  test.each<[unknown, RetryAfter | undefined]>([
    [40, { afterMs: 40 }],
    [-1, UNREADABLE],
    ['soon', UNREADABLE],
    [undefined, undefined],
  ])('an error whose retry_after_ms is %s', async (wait, retryAfter) => {
    started(
      await startWebSocket((ws) => {
        ws.on('message', (message) => {
          const { id } = JSON.parse(String(message)) as { id: string }
          ws.send(
            JSON.stringify({ id, type: 'error', code: 'overloaded', message: 'busy', retry_after_ms: wait }),
          )
        })
      }),
    )
    const target = { interface: 'websocket', api: 'kserve-v2', model: 'm', url: server!.url } as const
    const played = await play({
      target: { ...target, options: { method: 'generate' } },
      payload: text,
      load: CLOSED,
    })
    expect(told(played)).toEqual({ class: 'ws.error', retryAfter })
  })
})

describe.each(['2025-11-25', '2026-07-28'])('mcp %s', (revision) => {
  const against = (more: Partial<Play['target']> = {}) =>
    play({
      target: {
        interface: 'mcp',
        url: server!.url,
        ...more,
        options: { tool: 'plain', kind: 'unary', revision, ...more.options },
      },
      load: CLOSED,
    })

  const http =
    (statusCode: number, body: (id: unknown) => string): McpHandler =>
    ({ response, request }) => {
      response!
        .writeHead(statusCode, { 'content-type': 'application/json', 'retry-after': '2' })
        .end(body(request.id))
    }

  test('a call that is refused with a status', async () => {
    started(await startPlainMcp(http(429, () => 'too many')))
    expect(told(await against())).toEqual({ class: 'http.429', retryAfter: { afterMs: 2000 } })
  })

  test('a call that is refused with a status and an error of JSON-RPC', async () => {
    const body = (id: unknown) =>
      JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32000, message: 'too many' } })
    started(await startPlainMcp(http(503, body)))
    const { class: errorClass, retryAfter } = told(await against())
    // Which of the two an SDK makes its error of is its own choice.
    expect(['http.503', 'mcp.-32000']).toContain(errorClass)
    expect(retryAfter).toEqual({ afterMs: 2000 })
  })

  test('a session that is refused', async () => {
    const refuse: McpHandler = ({ response }) => {
      response!.writeHead(503, { 'retry-after': '0.01' }).end('full')
    }
    started(await startPlainMcp(() => {}, false, refuse))
    expect(told(await against())).toEqual({ class: 'http.503', retryAfter: { afterMs: 10 } })
  })

  test.each<[unknown, RetryAfter | undefined]>([
    [{ retryAfterMs: 40 }, { afterMs: 40 }],
    [{ retryAfterMs: 'soon' }, UNREADABLE],
    ['soon', undefined],
  ])('an error of JSON-RPC whose data is %j, over WebSocket', async (data, retryAfter) => {
    started(
      await startPlainMcp((answer) => {
        const { id } = answer.request
        answer.send({ jsonrpc: '2.0', id, error: { code: -32000, message: 'too many', data } })
      }),
    )
    expect(told(await against({ options: { transport: 'websocket' } }))).toEqual({
      class: 'mcp.-32000',
      retryAfter,
    })
  })

  test('an upgrade that is refused', async () => {
    started(
      await startFaulty((socket) =>
        socket.end('HTTP/1.1 503 Busy\r\nretry-after: 0.01\r\ncontent-length: 0\r\n\r\n'),
      ),
    )
    const url = server!.url.replace('http', 'ws')
    expect(told(await against({ url, options: { transport: 'websocket' } }))).toEqual({
      class: 'upgrade',
      retryAfter: { afterMs: 10 },
    })
  })
})

interface Detail {
  type: string
  value: Buffer
}

/** google.rpc.Status, written by hand: what encodes it must not be what decodes it. */
function detailsWith(...details: Detail[]): Buffer {
  const any = ({ type, value }: Detail) => [field(1, Buffer.from(type)), field(2, value)]
  return Buffer.concat([
    Buffer.from([0x08, 0x08]),
    ...details.map((detail) => field(3, Buffer.concat(any(detail)))),
  ])
}

/** google.rpc.RetryInfo with a google.protobuf.Duration. */
function retryInfo(seconds: number, nanos: number): Detail {
  const duration = Buffer.concat([
    Buffer.from([0x08]),
    varint(BigInt(seconds)),
    Buffer.from([0x10]),
    varint(BigInt(nanos)),
  ])
  return { type: RETRY_INFO, value: field(1, duration) }
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(BigInt(bytes.length)), bytes])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let left = BigInt.asUintN(64, value)
  do {
    const low = Number(left & 0x7fn)
    left >>= 7n
    bytes.push(left > 0n ? low | 0x80 : low)
  } while (left > 0n)
  return Buffer.from(bytes)
}
