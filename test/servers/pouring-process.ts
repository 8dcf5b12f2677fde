/**
 * An HTTP server in a process of its own, which streams 600 events of 64 KiB for every request.
 *
 *   GET /memory     its resident memory now, in bytes
 *   GET /keep       makes all events at once, and keeps what the client does not read
 *   anything else   makes an event when there is room for it
 */

import http from 'node:http'

const CHUNKS = 600
const CHUNK_CHARACTERS = 64 * 1024

/** Each a text of its own, as what a model makes would be. */
const event = (index: number) => Buffer.from(`data: ${String(index % 10).repeat(CHUNK_CHARACTERS)}\n\n`)

const server = http.createServer((request, response) => {
  request.resume()
  response.on('error', () => {})
  if (request.url === '/memory') {
    response.end(String(process.memoryUsage.rss()))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let sent = 0
  const pour = () => {
    let hasRoom = true
    while (sent < CHUNKS && (hasRoom || request.url === '/keep')) hasRoom = response.write(event(sent++))
    if (sent === CHUNKS) response.end()
  }
  response.on('drain', pour)
  pour()
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port))
process.on('disconnect', () => process.exit(0))
