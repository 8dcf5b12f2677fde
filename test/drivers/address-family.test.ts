import net from 'node:net'
import { expect, test } from 'vitest'
import { OpenError } from '../../src/drivers/driver.ts'
import { resolve } from '../../src/drivers/transport/connect.ts'

const probe = { phase() {} } as unknown as Parameters<typeof resolve>[1]
const signal = new AbortController().signal

test('of a name only the addresses of the family are used', async () => {
  const found = await resolve({ hostname: 'localhost', family: 4 }, probe, signal)
  expect(found.length).toBeGreaterThan(0)
  expect(found.filter((address) => !net.isIPv4(address))).toEqual([])
})

test('a name without any in the family is not found', async () => {
  // What stands for the addresses of this machine differs: it has some of IPv6, or the name has none.
  const found = await resolve({ hostname: 'localhost', family: 6 }, probe, signal).catch((error: unknown) => {
    expect(error).toBeInstanceOf(OpenError)
    expect((error as OpenError).outcome.class).toBe('dns')
    return []
  })
  expect(found.filter((address) => !net.isIPv6(address))).toEqual([])
})

test('an address is what it is', async () => {
  expect(await resolve({ hostname: '::1', family: 4 }, probe, signal)).toEqual(['::1'])
})
