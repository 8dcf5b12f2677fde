/** Conversations over WebSocket: several messages in each call, each answered, and told apart by their ids. */

import { afterEach, expect, test } from 'vitest'
import type { Payload } from '../../src/plan/plan.ts'
import { NOTHING, play } from '../contract/play.ts'
import type { PlainServer } from '../servers/plain-http.ts'
import { startWebSocket } from '../servers/plain-websocket.ts'

let server: PlainServer | null = null

afterEach(async () => {
  await server?.stop()
  server = null
})

interface Said {
  id: string
  done?: boolean
}

const MESSAGES = 4
const CALLS = 12
const payload: Payload = { ...NOTHING, form: 'json', json: { say: 'x' }, messages: MESSAGES }
const target = { interface: 'websocket', options: { kind: 'bidi', correlation: 'id' } }
const load = { model: 'closed', concurrency: 3, calls: CALLS } as const

/** Answers each message, the end mark of a call among them, as the test asks. */
function startAnswering(answer: (said: Said) => object[]): Promise<PlainServer> {
  return startWebSocket((ws) => {
    ws.on('message', (message) => {
      const said = JSON.parse(String(message)) as Said
      for (const one of answer(said)) ws.send(JSON.stringify(one))
    })
  })
}

test('each message of many calls on one connection has its latency', async () => {
  server = await startAnswering(({ id, done }) => [done ? { id, done } : { id, heard: true }])
  const played = await play({ target: { ...target, url: server.url }, payload, load })
  expect(played.errors).toEqual([])
  expect(played.end.connections).toBe(1)
  expect(played.valuesOf('message_latency')).toBe(MESSAGES * CALLS)
  expect(played.valuesOf('inter_chunk_latency')).toBe((MESSAGES - 1) * CALLS)
  expect(played.p50('message_latency')).toBeLessThan(played.p50('service_time'))
  expect(played.counts.unpaired).toBe(0)
})

test('where an end says something besides, there is an answer too many, and no message has one', async () => {
  server = await startAnswering(({ id, done }) => [done ? { id, done, bye: true } : { id, heard: true }])
  const played = await play({ target: { ...target, url: server.url }, payload, load })
  expect(played.errors).toEqual([])
  expect(played.valuesOf('message_latency')).toBe(0)
  expect(played.counts.unpaired).toBe(CALLS)
})
