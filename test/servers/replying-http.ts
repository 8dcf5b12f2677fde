/**
 * An HTTP server that replies `{}` to everything, in a process of its own, which a test may kill, on a port that a
 * test may choose, so that another one can take its place.
 *
 *   GET /count      { calls, connections } so far, this one left out of the calls
 *   GET /slow       replies after 20 ms, so that a closed loop does not make a busy machine busier
 *   GET /worker     replies as one worker does that takes 5 ms a call: 200 calls a second, and a queue above that;
 *                   with ?ms=10, 10 ms a call
 *   …/infer         replies with a tensor, as the Open Inference Protocol has it
 *   anything else   replies at once
 */

import http from 'node:http'

const TENSOR = JSON.stringify({
  model_name: 'any',
  outputs: [{ name: 'output', datatype: 'FP32', shape: [1], data: [0] }],
})
const SLOW_MS = 20
const WORK_MS = 5

let calls = 0
let connections = 0
/** When the worker has done all that it was given. */
let workerFreeMs = 0

const server = http.createServer((request, response) => {
  request.resume()
  if (request.url === '/count') {
    response.end(JSON.stringify({ calls, connections }))
    return
  }
  calls++
  if (request.url === '/slow') setTimeout(() => response.end('{}'), SLOW_MS)
  else if (request.url?.startsWith('/worker')) {
    const nowMs = performance.now()
    workerFreeMs = Math.max(nowMs, workerFreeMs) + Number(request.url.split('ms=')[1] ?? WORK_MS)
    setTimeout(() => response.end('{}'), workerFreeMs - nowMs)
  } else response.end(request.url?.endsWith('/infer') ? TENSOR : '{}')
})
server.on('connection', () => {
  connections++
})
server.keepAliveTimeout = 60_000
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  process.send?.((server.address() as { port: number }).port)
})
process.on('disconnect', () => process.exit(0))
