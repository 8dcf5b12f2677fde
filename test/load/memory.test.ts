import { expect, test } from 'vitest'
import { SUCCESS } from '../../src/drivers/driver.ts'
import { Call } from '../../src/load/call.ts'
import type { Connection } from '../../src/load/connection.ts'
import { Deadlines } from '../../src/load/deadlines.ts'
import { MemoryLimit } from '../../src/load/memory.ts'

const LIMIT = 1000

/** A thread that holds so much, of which the collector finds so much to be of no use. */
function memoryOf(held: { bytes: number; garbage: number }) {
  let collections = 0
  const memory = {
    heldBytes: () => held.bytes + held.garbage,
    collect() {
      collections++
      held.garbage = 0
    },
  }
  return { limit: new MemoryLimit(LIMIT, memory), collections: () => collections }
}

test('below the limit nothing is collected', () => {
  const { limit, collections } = memoryOf({ bytes: 400, garbage: 500 })
  expect(limit.isReached(0)).toBe(false)
  expect(collections()).toBe(0)
})

test('what nobody holds any more is no reason, and is not looked for again at once', () => {
  const held = { bytes: 900, garbage: 200 }
  const { limit, collections } = memoryOf(held)
  expect(limit.isReached(0)).toBe(false)
  held.garbage = 200
  expect(limit.isReached(500)).toBe(false)
  expect(collections()).toBe(1)
  expect(limit.isReached(1500)).toBe(false)
  expect(collections()).toBe(2)
})

test('what has come in a flood since the last collection is looked at all the same', () => {
  const held = { bytes: 400, garbage: 900 }
  const { limit } = memoryOf(held)
  expect(limit.isReached(0)).toBe(false)
  held.bytes = 1100
  expect(limit.isReached(100)).toBe(true)
})

test('what is held is a reason, as soon as it is looked at again', () => {
  const held = { bytes: 400, garbage: 0 }
  const { limit } = memoryOf(held)
  expect(limit.isReached(0)).toBe(false)
  held.bytes = 1100
  expect(limit.isReached(50)).toBe(false)
  expect(limit.isReached(100)).toBe(true)
  expect(limit.isReached(200)).toBe(true)
})

test('what was held before the calls began is not counted', () => {
  const held = { bytes: 5000, garbage: 0 }
  const { limit } = memoryOf(held)
  limit.begin()
  held.bytes = 5900
  expect(limit.isReached(0)).toBe(false)
  held.bytes = 6100
  expect(limit.isReached(100)).toBe(true)
})

test('calls that are under way are given up with client.memory; those that wait are not', () => {
  const clock = { now: () => 10 }
  const cancelled: unknown[] = []
  const ended: Call[] = []
  const owner = { writable() {}, ended: (call: Call) => void ended.push(call) }
  const [under, waiting, over] = [new Call(clock, owner), new Call(clock, owner), new Call(clock, owner)]
  const connection = {
    session: { cancel: (call: unknown) => void cancelled.push(call) },
  } as unknown as Connection
  for (const call of [under, waiting, over]) call.begin(0, 0, true)
  for (const call of [under, over]) {
    call.connection = connection
    call.send(connection, false)
  }
  over.end(SUCCESS)
  const timeouts = { connectMs: 1000, firstByteMs: null, idleMs: null, totalMs: 1000 }
  const { limit } = memoryOf({ bytes: 1100, garbage: 0 })
  new Deadlines(clock, timeouts, [under, waiting, over], limit).check()
  expect(cancelled).toEqual([under])
  expect(ended).toEqual([over, under])
  expect(under.outcome).toMatchObject({ class: 'client.memory', phase: 'response' })
  expect(waiting.active).toBe(true)
})
