import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { eventually, metric } from './started.ts'
import {
  Client,
  generateMessage,
  inferMessage,
  refused,
  type ServerMessage,
  startedWebSocket,
  webSocketUrl,
} from './websocket-client.ts'

let server: ReferenceServer

beforeAll(async () => {
  server = await startedWebSocket({}, { streamBufferBytes: 4 * 1024 * 1024 })
})
afterAll(() => server.close())

/** The session of a client whose connection was lost once this message had come. */
async function lost(
  messages: object[],
  until: Partial<ServerMessage> = { type: 'token', index: 9 },
  of = server,
): Promise<string> {
  const client = await Client.open(webSocketUrl(of))
  const { session } = await client.take({ type: 'hello' })
  for (const message of messages) client.send(message)
  await client.take(until)
  client.ws.terminate()
  await client.closed
  return session as string
}

const indices = (tokens: ServerMessage[]) => tokens.map(({ index }) => index as number)
const textOf = (tokens: ServerMessage[]) => tokens.map((token) => token.text_output).join('')
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, offset) => from + offset)
const activeStreams = (of = server) => metric(of, 'infer_active_streams')

describe('a client that lost its connection', () => {
  test('gets the tokens that it missed, once and in order, while the generation goes on', async () => {
    const session = await lost([generateMessage('1', 'abcde', 20_000)])
    expect(await activeStreams()).toBe(1)
    const again = await Client.open(webSocketUrl(server, `?session=${session}&after=9`))
    expect(await again.take()).toEqual({
      type: 'hello',
      session,
      resumed: true,
      resume_window_s: 30,
      generations: ['1'],
    })
    const { tokens, last } = await again.stream('1')
    expect(indices(tokens)).toEqual(range(10, 20_000))
    expect(textOf(tokens)).toBe('abcde'.repeat(3_998))
    expect(last).toMatchObject({ type: 'done', finish_reason: 'length' })
    again.ws.close(1000)
  })

  test('resumes one generation after another by message', async () => {
    const session = await lost([
      generateMessage('left', 'ab', 500),
      generateMessage('right', 'xyz', 300, 'echo'),
    ])
    const again = await Client.open(webSocketUrl(server))
    const own = (await again.take({ type: 'hello' })).session
    again.send({ type: 'resume', session, id: 'right', after: 9 })
    expect(await again.take({ type: 'hello' })).toMatchObject({ session, generations: ['left', 'right'] })
    expect(indices((await again.stream('right')).tokens)).toEqual(range(10, 300))
    // Not a word of the other before it is asked for.
    expect(again.rest).toEqual([])
    again.send({ type: 'resume', id: 'left' })
    expect(textOf((await again.stream('left')).tokens)).toBe('ab'.repeat(250))
    again.ws.close(1000)
    await again.closed
    // The session that it began with is no more.
    expect(await refused(webSocketUrl(server, `?session=${own}`))).toMatchObject({ status: 404 })
  })

  test('can resume what has ended meanwhile, and cancel what has not', async () => {
    const messages = [generateMessage('long', 'ab', 60_000), generateMessage('short', 'ab', 20)]
    const session = await lost(messages, { id: 'short', type: 'done' })
    const again = await Client.open(webSocketUrl(server, `?session=${session}`))
    await again.take({ type: 'hello' })
    again.send({ id: 'long', type: 'cancel' })
    again.send({ type: 'resume', id: 'short', after: 18 })
    const short = await again.stream('short')
    expect([indices(short.tokens), short.last.type]).toEqual([[19], 'done'])
    again.send({ type: 'resume', id: 'long', after: 9 })
    const long = await again.stream('long')
    expect(long.last).toMatchObject({ finish_reason: 'cancelled' })
    expect(indices(long.tokens)).toEqual(range(10, long.tokens.length + 10))
    again.ws.close(1000)
  })

  test('cannot have a token that does not exist yet, and can then ask for the right one', async () => {
    const session = await lost([generateMessage('1', 'ab', 20)], { type: 'done' })
    const again = await Client.open(webSocketUrl(server, `?session=${session}&after=20`))
    expect(await again.take({ id: '1' })).toMatchObject({ type: 'error', code: 'invalid_request' })
    again.send({ type: 'resume', after: 19 })
    expect(await again.take({ id: '1' })).toMatchObject({ type: 'done' })
    again.ws.close(1000)
  })

  test('takes its session over from a connection that still stands', async () => {
    const first = await Client.open(webSocketUrl(server))
    const { session } = await first.take({ type: 'hello' })
    first.send(generateMessage('1', 'ab', 8_000))
    await first.take({ index: 9 })
    const second = await Client.open(webSocketUrl(server, `?session=${session}&after=9`))
    expect(await first.closed).toMatchObject({ code: 4000 })
    expect(indices((await second.stream('1')).tokens)).toEqual(range(10, 8_000))
    second.send(inferMessage('2', [1]))
    expect(await second.take({ id: '2' })).toMatchObject({ type: 'result' })
    second.ws.close(1000)
  })
})

test('a connection with calls in flight keeps its session', async () => {
  const session = await lost([generateMessage('1', 'ab', 20)])
  const busy = await Client.open(webSocketUrl(server))
  busy.send(generateMessage('2', 'ab', 5_000))
  busy.send({ type: 'resume', session })
  expect(await busy.take({ type: 'error' })).toMatchObject({ id: null, code: 'invalid_request' })
  expect((await busy.stream('2')).tokens).toHaveLength(5_000)
  busy.ws.close(1000)
})

test('a malformed wish to resume is refused', async () => {
  expect(await refused(webSocketUrl(server, '?session=nope'))).toMatchObject({ status: 404 })
  expect(await refused(webSocketUrl(server, '?session=nope&after=1.5'))).toMatchObject({ status: 400 })
})

test('tokens that are held no more are told as lost, and those after them can be had', async () => {
  const small = await startedWebSocket({}, { streamBufferBytes: 8_000 })
  const client = await Client.open(webSocketUrl(small))
  const { session } = await client.take({ type: 'hello' })
  client.send(generateMessage('1', 'ab', 2_000))
  await client.stream('1')
  client.ws.terminate()
  const again = await Client.open(webSocketUrl(small, `?session=${session}&after=9`))
  const error = await again.take({ id: '1' })
  expect(error).toMatchObject({ type: 'error', code: 'tokens_lost' })
  const first = Number(/\d+/.exec(error.message as string))
  expect(first).toBeGreaterThan(1_000)
  again.send({ type: 'resume', id: '1', after: first - 1 })
  expect(indices((await again.stream('1')).tokens)).toEqual(range(first, 2_000))
  await small.close()
})

test('a generation that nobody comes back for ends when there is no more room, and says so to who does', async () => {
  const small = await startedWebSocket({}, { streamBufferBytes: 8_000 })
  const session = await lost([generateMessage('1', 'ab', 60_000)], { index: 9 }, small)
  await eventually(async () => (await activeStreams(small)) === 0)
  expect(await metric(small, 'infer_generated_tokens_total')).toBeLessThan(60_000)
  const again = await Client.open(webSocketUrl(small, `?session=${session}`))
  expect(await again.take({ type: 'hello' })).toMatchObject({ generations: ['1'] })
  again.send({ type: 'resume', id: '1' })
  const error = await again.take()
  expect(error).toMatchObject({ id: '1', code: 'tokens_lost' })
  const first = Number(/\d+/.exec(error.message as string))
  again.send({ type: 'resume', id: '1', after: first - 1 })
  const { tokens, last } = await again.stream('1')
  expect(indices(tokens)).toEqual(range(first, first + tokens.length))
  expect(tokens.length).toBeGreaterThan(100)
  expect(last).toMatchObject({ type: 'error', code: 'slow_reader' })
  await small.close()
})

describe('the window', () => {
  test('of nothing stops the generations with their connection', async () => {
    const strict = await startedWebSocket({ resumeWindowMs: 0 })
    const session = await lost([generateMessage('1', 'ab', 60_000)], { index: 9 }, strict)
    await eventually(async () => (await activeStreams(strict)) === 0)
    expect(await metric(strict, 'infer_generated_tokens_total')).toBeLessThan(60_000)
    expect(await metric(strict, 'infer_requests_total{interface="websocket",status="499"}')).toBe(1)
    expect(await refused(webSocketUrl(strict, `?session=${session}`))).toMatchObject({ status: 404 })
    await strict.close()
  })

  test('stops them once it has passed', async () => {
    const brief = await startedWebSocket({ resumeWindowMs: 50 }, { streamBufferBytes: 4 * 1024 * 1024 })
    const session = await lost([generateMessage('1', 'Hi', 250, 'gpt-small')], { index: 9 }, brief)
    await eventually(async () => (await metric(brief, 'infer_active_sessions')) === 0)
    await eventually(async () => (await activeStreams(brief)) === 0)
    expect(await refused(webSocketUrl(brief, `?session=${session}`))).toMatchObject({ status: 404 })
    await brief.close()
  })

  test('is over at once for a client that closes with 1000', async () => {
    const client = await Client.open(webSocketUrl(server))
    const sessions = await metric(server, 'infer_active_sessions')
    client.send(generateMessage('1', 'ab', 60_000))
    await client.take({ index: 9 })
    client.ws.close(1000)
    await eventually(async () => (await metric(server, 'infer_active_sessions')) === sessions - 1)
    await eventually(async () => (await activeStreams()) === 0)
  })
})
