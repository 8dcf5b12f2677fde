import { expect, test } from 'vitest'
import { play } from '../contract/play.ts'
import { startPlain } from '../servers/plain-http.ts'

test('a server that gives tickets and forgets them: every connection negotiates anew, and that is told', async () => {
  const server = await startPlain((_request, response) => response.end('ok'), { forgetsSessions: true })
  const tls = { ca: server.ca, cert: null, key: null, servername: null, verify: true }
  const target = { interface: 'rest', url: server.url, tls, connection: 'resumed' } as const
  const played = await play({ target, load: { model: 'closed', concurrency: 1, calls: 3 } })
  await server.stop()
  expect(played.errors).toEqual([])
  expect(played.end).toMatchObject({ connections: 3, resumed: 0 })
})
