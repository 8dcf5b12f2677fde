import { expect, test } from 'vitest'
import { type StreamingSession, SUCCESS } from '../../src/drivers/driver.ts'
import { Call } from '../../src/load/call.ts'
import type { Connection } from '../../src/load/connection.ts'
import { Sender } from '../../src/load/sender.ts'

/** A call of six messages, 10 ms apart, on a connection that takes so many at once. */
function sending(room: number, intervalMs = 10) {
  let nowMs = 0
  const sentMs: number[] = []
  let finished = 0
  const session = {
    send: () => {
      sentMs.push(nowMs)
      return sentMs.length % room !== 0
    },
    finish: () => void finished++,
  } as unknown as StreamingSession
  const clock = { now: () => nowMs }
  const call = new Call(clock, { writable: () => {}, ended: () => {} })
  const sender = new Sender(clock, { count: 6, intervalMs })
  call.begin(0, 0, true)
  call.send({ session } as unknown as Connection, false)
  return {
    call,
    sender,
    sentMs,
    at: (atMs: number) => {
      nowMs = atMs
    },
    finished: () => finished,
    /** What the messages' answers would count from. */
    countsFrom: () => [...call.answersMs.subarray(0, call.messagesSent)],
  }
}

test('a message that had to wait for room counts from when it was due', () => {
  const { call, sender, at, sentMs, countsFrom, finished } = sending(2)
  at(35)
  // The load thread was away: what it sends late is late by its own fault, and counts from when it goes out.
  sender.started(call)
  expect(sentMs).toEqual([35, 35])
  expect(countsFrom()).toEqual([0, 35, 35])
  at(72)
  sender.writable(call)
  expect(sentMs).toEqual([35, 35, 72, 72])
  at(80)
  sender.writable(call)
  expect(countsFrom()).toEqual([0, 35, 35, 30, 40, 50])
  expect(finished()).toBe(1)
})

test('without an interval a message is due once there is room', () => {
  const { call, sender, at, countsFrom } = sending(3, 0)
  at(1)
  sender.started(call)
  at(50)
  sender.writable(call)
  expect(countsFrom()).toEqual([0, 1, 1, 1, 50, 50])
})

test('the end is told once, and nothing is sent for a call that has ended', () => {
  const { call, sender, at, sentMs, finished } = sending(100)
  at(60)
  sender.started(call)
  sender.writable(call)
  expect([sentMs.length, finished()]).toEqual([5, 1])
  const ended = sending(2)
  ended.at(60)
  ended.sender.started(ended.call)
  ended.call.end(SUCCESS)
  ended.sender.writable(ended.call)
  expect([ended.sentMs.length, ended.finished()]).toEqual([2, 0])
})
