import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import { Body } from '../../src/drivers/http/body.ts'

const MIB = 2 ** 20

test.each([
  ['one piece', [100_000]],
  ['a few pieces', [10, 70_000, 10]],
  ['many small ones', Array.from({ length: 100_000 }, () => 1)],
  ['small and large ones in turn', Array.from({ length: 2000 }, (_, index) => (index % 2 ? 1 : 5000))],
  ['none', []],
])('the bytes of %s are those that came, and none after it is cleared', (_name, lengths) => {
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const whole = Buffer.from(Array.from({ length: total }, (_, index) => index % 251))
  const body = new Body()
  let from = 0
  for (const length of lengths) {
    body.add(whole.subarray(from, from + length))
    from += length
  }
  expect(body.byteCount).toBe(total)
  expect(whole.equals(body.bytes())).toBe(true)
  body.clear()
  expect(body.byteCount).toBe(0)
  expect(body.bytes().length).toBe(0)
})

test('a reply that comes byte by byte takes little more memory than its bytes', () => {
  const body = new Body()
  const before = process.memoryUsage()
  for (let round = 0; round < 40; round++) {
    const packet = Buffer.alloc(64 * 1024)
    for (let at = 0; at < packet.length; at++) body.add(packet.subarray(at, at + 1))
  }
  const after = process.memoryUsage()
  const grownMiB = (after.heapUsed + after.external - before.heapUsed - before.external) / MIB
  expect(body.byteCount).toBe(40 * 64 * 1024)
  // 2.5 MiB; kept as they came, its pieces alone would be 200 MiB.
  expect(grownMiB).toBeLessThan(60)
})
