import { describe, expect, test } from 'vitest'
import { failure, SUCCESS } from '../../src/drivers/driver.ts'
import { Call } from '../../src/load/call.ts'
import type { Connection } from '../../src/load/connection.ts'
import { CALL_METRICS } from '../../src/record/metrics.ts'

const connection = {} as Connection

/** A call whose clock reads the given times, one after the other. */
function callAt(timesMs: number[]): { call: Call; ended: Call[]; reads: () => number } {
  const ended: Call[] = []
  let reads = 0
  const clock = {
    now: () => {
      const timeMs = timesMs[reads++]
      if (timeMs === undefined) throw new Error('the clock was read once more than expected')
      return timeMs
    },
  }
  return {
    call: new Call(clock, { writable: () => {}, ended: (one) => ended.push(one) }),
    ended,
    reads: () => reads,
  }
}

function metricOf(name: string, call: Call): number {
  return CALL_METRICS.find((metric) => metric.name === name)!.value(call)
}

test('the memory of a stream of very many chunks is not kept for the next call', () => {
  const { call } = callAt(Array.from({ length: 100_000 }, (_, index) => index))
  call.begin(0, 0, true)
  for (let chunk = 0; chunk < 70_000; chunk++) {
    call.received()
    call.content(1, 1)
  }
  expect(call.gapCount).toBe(69_999)
  call.end(SUCCESS)
  call.begin(0, 0, true)
  expect(call.gapsMs.length).toBeLessThan(1000)
})

test('a unary call: each metric is the difference of its stamps, at five clock reads', () => {
  const { call, ended, reads } = callAt([11, 13, 20, 24, 25])
  call.begin(8, 10, true)
  call.send(connection, false)
  call.encoded(100, 80)
  call.written()
  call.firstByte()
  call.lastByte()
  call.content(0, 40)
  call.decoded()
  call.server({ queueMs: 1, computeMs: 4 })
  call.end(SUCCESS)
  expect(ended).toEqual([call])
  expect(reads()).toBe(5)
  const values = Object.fromEntries(CALL_METRICS.map((metric) => [metric.name, metric.value(call)]))
  expect(values).toMatchObject({
    request_latency: 17,
    service_time: 15,
    dispatch_delay: 2,
    connection_wait: 0,
    serialize: 1,
    request_send: 2,
    request_wait: 7,
    response_receive: 4,
    deserialize: 1,
    server_queue: 1,
    server_compute: 4,
    overhead_time: 10,
  })
  expect(call.payloadBytes).toBe(120)
})

test('a stream: gaps run from received to received, decoding is summed, and chunks of one packet have gap 0', () => {
  const { call } = callAt([10, 11, 20, 30, 33, 40, 43, 50])
  call.begin(10, 10, true)
  call.send(connection, true) // 10
  call.encoded(1, 1) // 11
  call.firstByte() // 20
  call.received() // 30
  call.content(1, 5)
  call.content(1, 5) // of the same packet
  call.decoded() // 33
  call.received() // 40
  call.content(0, 0) // no content: no chunk
  call.content(1, 5)
  call.decoded() // 43
  call.lastByte() // 50
  call.end(SUCCESS)
  expect([...call.gapsMs.subarray(0, call.gapCount)]).toEqual([0, 10])
  expect(call.decodeMs).toBe(3 + 3)
  expect(metricOf('time_to_first_token', call)).toBe(20)
  expect(metricOf('time_per_output_token', call)).toBe(5)
  expect(metricOf('inter_token_latency', call)).toBe(10)
  expect(metricOf('request_latency', call)).toBe(40)
})

test('the server’s own count of tokens replaces the count of chunks', () => {
  const { call } = callAt([1, 2, 3])
  call.begin(0, 0, true)
  call.send(connection, false)
  call.received()
  call.content(1, 1)
  call.decoded()
  call.tokens(7)
  call.lastByte()
  call.end(SUCCESS)
  expect(call.outputTokens).toBe(7)
})

test('what was not stamped is NaN, also in a slot that has carried a full call before', () => {
  const { call } = callAt([1, 2, 3, 4, 5, 99])
  call.begin(0, 0, true)
  call.send(connection, false)
  call.encoded(1, 1)
  call.written()
  call.firstByte()
  call.lastByte()
  call.content(1, 1)
  call.decoded()
  call.end(SUCCESS)
  call.begin(50, 51, true)
  call.send(connection, false)
  call.end(failure('request', 'tcp.reset', 'ECONNRESET', 'gone'))
  for (const name of [
    'serialize',
    'request_send',
    'request_wait',
    'response_receive',
    'deserialize',
    'time_to_first_token',
  ]) {
    expect(metricOf(name, call), name).toBeNaN()
  }
  expect(metricOf('request_latency', call)).toBe(49)
})

test('a second end is ignored', () => {
  const { call, ended } = callAt([1, 2])
  call.begin(0, 0, true)
  call.end(failure('request', 'tcp.reset', '', 'gone'))
  call.end(SUCCESS)
  expect(ended).toHaveLength(1)
  expect(call.outcome.ok).toBe(false)
})

test('more gaps than the slot had room for are all kept', () => {
  const { call } = callAt(Array.from({ length: 1000 }, (_, index) => index))
  call.begin(0, 0, true)
  for (let chunk = 0; chunk < 300; chunk++) {
    call.received()
    call.content(1, 1)
    call.decoded()
  }
  expect(call.gapCount).toBe(299)
  expect([...call.gapsMs.subarray(0, 299)].every((gapMs) => gapMs === 2)).toBe(true)
})

describe('messages and their answers', () => {
  /** Sends a message at each of the times, and gets a chunk at each of the others, in their order. */
  function talk(events: readonly ['message' | 'chunk' | 'end mark', number][]): Call {
    const clock = { now: () => nowMs }
    let nowMs = 0
    const call = new Call(clock, { writable: () => {}, ended: () => {} })
    call.begin(0, 0, true)
    call.send(connection, false)
    for (const [what, atMs] of events) {
      nowMs = atMs
      if (what === 'message') call.sentMessage(atMs)
      else {
        call.received()
        call.content(0, what === 'chunk' ? 1 : 0)
        call.decoded()
      }
    }
    call.end(SUCCESS)
    return call
  }

  const answersOf = (call: Call) => [...call.answersMs.subarray(0, call.answerCount)]

  test('each chunk answers a message, also where several are under way', () => {
    const call = talk([
      ['message', 0],
      ['message', 10],
      ['chunk', 13],
      ['message', 20],
      ['chunk', 24],
      ['chunk', 25],
      ['end mark', 26],
    ])
    expect(answersOf(call)).toEqual([13, 14, 5])
  })

  test.each([
    [
      'too few chunks',
      [
        ['message', 0],
        ['message', 1],
        ['chunk', 2],
      ],
    ],
    [
      'too many',
      [
        ['message', 0],
        ['chunk', 1],
        ['chunk', 2],
      ],
    ],
    [
      'as many, but one before its message',
      [
        ['message', 0],
        ['chunk', 1],
        ['chunk', 2],
        ['message', 3],
      ],
    ],
  ] as const)('%s: none is taken for an answer', (_what, events) => {
    expect(answersOf(talk(events as unknown as ['message' | 'chunk', number][]))).toEqual([])
  })

  test('the next call of the slot knows nothing of them', () => {
    const call = talk([
      ['message', 0],
      ['chunk', 5],
    ])
    expect(answersOf(call)).toEqual([5])
    call.begin(10, 10, true)
    call.send(connection, false)
    call.end(SUCCESS)
    expect(answersOf(call)).toEqual([])
  })

  test('more messages than the slot had room for are all kept', () => {
    const events = Array.from({ length: 300 }, (_, index): ['message' | 'chunk', number][] => [
      ['message', index],
      ['chunk', index + 0.5],
    ])
    expect(answersOf(talk(events.flat()))).toEqual(Array(300).fill(0.5))
  })
})
