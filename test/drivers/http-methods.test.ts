import { expect, test } from 'vitest'
import type { Payload } from '../../src/plan/plan.ts'
import { NOTHING, play } from '../contract/play.ts'
import { startPlain } from '../servers/plain-http.ts'

const TEXT: Payload = { ...NOTHING, form: 'text', text: 'hi', outputTokens: 1, ignoreEos: false }

test.each([
  ['a call without a body is a GET', NOTHING, {}, 'GET'],
  ['a call with a body is a POST', TEXT, {}, 'POST'],
  ['what the scenario says holds for both', TEXT, { method: 'PUT' }, 'PUT'],
  ['what the scenario says holds for both', NOTHING, { method: 'DELETE' }, 'DELETE'],
])('%s', async (_title, payload, options, expected) => {
  const methods: unknown[] = []
  const server = await startPlain((request, response) => {
    methods.push(request.method)
    request.resume().on('end', () => response.end('{}'))
  })
  const played = await play({ target: { interface: 'rest', url: server.url, options }, payload })
  await server.stop()
  expect(played.errors).toEqual([])
  expect(methods).toEqual([expected])
})
