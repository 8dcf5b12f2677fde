/**
 * A server of event streams, in a process of its own, that holds 40 MiB for each: what a session takes is known. What it
 * held goes back to the system with the stream, at once.
 *
 *   GET /events         stands until the client leaves; with ?ms=200, ends after 200 ms
 *   GET /short          sixteen events, and after 300 ms its end
 *   GET /page           no stream of events
 *   GET /standing       how many stand
 */

import http from 'node:http'

/** More than `malloc` ever keeps for what may come: it has each such piece from the system, and gives it back. */
const HELD_BYTES = 40 * 2 ** 20
const SHORT_MS = 300
const HEADERS = { 'content-type': 'text/event-stream' }

let standing = 0

const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url!, 'http://localhost')
  if (pathname === '/standing') return response.end(String(standing))
  if (pathname === '/page') return response.end('<html>')
  const held = new ArrayBuffer(HELD_BYTES)
  // Written to, or the system would give no memory for it.
  new Uint8Array(held).fill(1)
  standing++
  response.once('close', () => {
    standing--
    // Frees it, whatever the garbage collector thinks.
    held.transfer(0)
  })
  response.writeHead(200, HEADERS).write(': open\n\n')
  if (pathname === '/short') response.write('data: x\n\n'.repeat(16))
  const ms = pathname === '/short' ? SHORT_MS : searchParams.get('ms')
  if (ms !== null) setTimeout(() => response.end(), Number(ms))
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address !== 'string') process.send!(address.port)
})
process.on('disconnect', () => process.exit())
