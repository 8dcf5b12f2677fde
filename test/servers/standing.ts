/**
 * A server of event streams, in a process of its own, that holds a mebibyte for each: what a session takes is known.
 *
 *   GET /events         stands until the client leaves; with ?ms=200, ends after 200 ms
 *   GET /short          sixteen events, and its end
 *   GET /page           no stream of events
 *   GET /standing       how many stand
 */

import http from 'node:http'

const HELD_BYTES = 2 ** 20
const HEADERS = { 'content-type': 'text/event-stream' }

let standing = 0

const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url!, 'http://localhost')
  if (pathname === '/standing') return response.end(String(standing))
  if (pathname === '/page') return response.end('<html>')
  // Written to, or the system would give no memory for it.
  const held = Buffer.alloc(HELD_BYTES, 1)
  standing++
  response.once('close', () => {
    standing -= held[0]!
  })
  response.writeHead(200, HEADERS).write(': open\n\n')
  if (pathname === '/short') return response.end('data: x\n\n'.repeat(16))
  const ms = searchParams.get('ms')
  if (ms !== null) setTimeout(() => response.end(), Number(ms))
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address !== 'string') process.send!(address.port)
})
process.on('disconnect', () => process.exit())
