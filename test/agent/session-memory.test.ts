import { expect, test } from 'vitest'
import { memoryOfSessions, typicalReading } from '../../src/agent/session-memory.ts'

test('one reading that is unlike the others changes nothing', () => {
  const readings = [100, 101, 900, 99, 100].map((clientBytes) => ({
    serverBytes: clientBytes * 2,
    clientBytes,
  }))
  expect(typicalReading(readings)).toEqual({ serverBytes: 200, clientBytes: 100 })
})

test('a server that was gone for one of them tells nothing', () => {
  const readings = [1, null, 3].map((serverBytes) => ({ serverBytes, clientBytes: 5 }))
  expect(typicalReading(readings)).toEqual({ serverBytes: null, clientBytes: 5 })
})

test('what the sessions take is what there is more than before', () => {
  const before = { serverBytes: 1000, clientBytes: 500 }
  expect(memoryOfSessions(before, { serverBytes: 1700, clientBytes: 450 })).toEqual({
    serverBytes: 700,
    clientBytes: -50,
  })
  expect(memoryOfSessions({ ...before, serverBytes: null }, before)).toEqual({
    serverBytes: null,
    clientBytes: 0,
  })
})
