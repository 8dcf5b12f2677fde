/** What a case's result says of messages and their answers, from calls as load stamps them. */

import { beforeAll, expect, test } from 'vitest'
import { SUCCESS } from '../../src/drivers/driver.ts'
import { protocol } from '../../src/drivers/registry.ts'
import { Call } from '../../src/load/call.ts'
import type { Connection } from '../../src/load/connection.ts'
import { callShape } from '../../src/plan/streams.ts'
import { initHistograms } from '../../src/record/histogram.ts'
import { Recorder } from '../../src/record/recorder.ts'
import { assembleCase } from '../../src/result/assemble.ts'
import { caseOf, NOTHING } from '../contract/play.ts'

const MESSAGES = 3

beforeAll(() => initHistograms())

function caseOfMessages(messages: number) {
  const target = { interface: 'grpc', url: 'grpc://test/a.B/C', options: { kind: 'bidi' } }
  return caseOf({ target, payload: { ...NOTHING, messages } })
}

/** Calls whose reply has so many chunks, each 2 ms behind its message. */
function resultOf(chunksOfCalls: readonly number[], messages = MESSAGES) {
  const planned = caseOfMessages(messages)
  const recorder = new Recorder({ stamps: protocol('grpc').stamps, calls: callShape(planned) }, [], null)
  let nowMs = 0
  const call = new Call({ now: () => nowMs }, { writable: () => {}, ended: (ended) => recorder.call(ended) })
  for (const chunks of chunksOfCalls) {
    call.begin(nowMs, nowMs, true)
    call.send({} as Connection, false)
    for (let index = 0; index < messages; index++) call.sentMessage(nowMs)
    nowMs += 2
    for (let index = 0; index < chunks; index++) {
      call.received()
      call.content(0, 1)
      call.decoded()
    }
    call.end(SUCCESS)
  }
  const { counts } = recorder
  const use = { busyShare: 0, coreShare: 1 }
  const record = { counts, ...recorder.finish(), use, overflowed: false }
  return assembleCase(planned, [{ records: [record], serverCpuSeconds: null, serverMemoryGrowthBytes: null }])
}

test('each answer of each call has its value', () => {
  const { metrics, absent } = resultOf([MESSAGES, MESSAGES])
  expect(metrics.message_latency).toMatchObject({ count: 2 * MESSAGES })
  expect(metrics.message_latency!.p50).toBeCloseTo(2, 2)
  expect(absent).not.toHaveProperty('message_latency')
})

test('one call in a hundred may be without an answer to each, and two may not', () => {
  const answered = Array<number>(98).fill(MESSAGES)
  const { metrics, rounds } = resultOf([...answered, MESSAGES, MESSAGES - 1])
  expect(metrics.message_latency!.count).toBe(99 * MESSAGES)
  expect(rounds[0]!.metrics.message_latency!.count).toBe(99 * MESSAGES)
  const fewer = resultOf([...answered, MESSAGES - 1, MESSAGES + 1])
  expect(fewer.metrics).not.toHaveProperty('message_latency')
  expect(fewer.rounds[0]!.metrics).not.toHaveProperty('message_latency')
  expect(fewer.absent.message_latency).toMatch(/not as many chunks with content as there were messages/)
})

test('a call of one message has none, and no reason for it either', () => {
  const { metrics, absent } = resultOf([1, 1], 1)
  expect(metrics).not.toHaveProperty('message_latency')
  expect(absent).not.toHaveProperty('message_latency')
})
