/**
 * grpc-js connects anew by itself, and waits longer and longer between its tries; here no lost connection is ever
 * replaced. A client that went on trying would never be forgotten. In a file of its own, because others leave timers behind.
 */

import net from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { play } from '../contract/play.ts'

/** grpc-js waits for longer than this before it would connect anew, and no test waits as long. */
const LONG_MS = 700
const SHORT_MS = 20
const TURNS = 200

afterEach(() => {
  vi.unstubAllGlobals()
})

/** How often grpc-js begins to wait for another try, once all calls have ended and been forgotten: its waiting is short here. */
async function triesAfter(port: number): Promise<number> {
  let waits = 0
  const set = globalThis.setTimeout
  vi.stubGlobal('setTimeout', (run: () => void, delayMs = 0) => {
    if (delayMs >= LONG_MS) waits++
    return set(run, delayMs >= LONG_MS ? SHORT_MS : delayMs)
  })
  const turns = async () => {
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => set(resolve, 0))
  }
  await play({
    target: { interface: 'grpc', url: `grpc://127.0.0.1:${port}/a.B/C`, connection: 'cold' },
    timeouts: { connectMs: 50, totalMs: 500 },
    load: { model: 'closed', concurrency: 1, calls: 5 },
  })
  await turns()
  expect(waits).toBeGreaterThan(0)
  waits = 0
  await turns()
  return waits
}

async function listen(): Promise<{ port: number; stop(): Promise<void> }> {
  const listener = net.createServer((socket) => socket.on('error', () => {}).resume())
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', () => resolve()))
  return {
    port: (listener.address() as net.AddressInfo).port,
    stop: () => new Promise((resolve) => listener.close(() => resolve())),
  }
}

test('a connection that is refused is forgotten', async () => {
  const { port, stop } = await listen()
  await stop()
  expect(await triesAfter(port)).toBe(0)
})

test('a connection whose server says nothing is forgotten', async () => {
  const { port, stop } = await listen()
  expect(await triesAfter(port)).toBe(0)
  await stop()
})
