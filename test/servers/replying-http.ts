/**
 * An HTTP server that replies `{}` to everything, in a process of its own, which a test may kill, on a port that a
 * test may choose, so that another one can take its place.
 *
 *   GET /count      { calls, connections } so far, this one left out of the calls
 *   GET /slow       replies after 20 ms, so that a closed loop does not make a busy machine busier
 *   anything else   replies at once
 */

import http from 'node:http'

const SLOW_MS = 20

let calls = 0
let connections = 0

const server = http.createServer((request, response) => {
  request.resume()
  if (request.url === '/count') {
    response.end(JSON.stringify({ calls, connections }))
    return
  }
  calls++
  if (request.url === '/slow') setTimeout(() => response.end('{}'), SLOW_MS)
  else response.end('{}')
})
server.on('connection', () => {
  connections++
})
server.keepAliveTimeout = 60_000
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  process.send?.((server.address() as { port: number }).port)
})
process.on('disconnect', () => process.exit(0))
