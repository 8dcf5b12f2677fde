/**
 * An HTTP server of known behaviour, in a process of its own, that logs what each reply really took: from the moment
 * the request came out of the socket until the reply was written to it, by this process's own clock. A test that
 * compares with the log asks whether the client reads what happened, not whether a noisy machine kept its timers. For
 * the same reason it speaks raw bytes: an HTTP library's time would count as the network's.
 *
 *   GET /fixed?ms=20                   replies after 20 ms
 *   GET /bimodal?fast=5&slow=80        every 20th reply after 80 ms, the others after 5 ms
 *   GET /stall?after=4500&for=1000     replies at once, but stands still for 1 s, 4.5 s after the first request
 *   GET /flaky?every=33                every 33rd reply is a 503
 *   GET /stream?chunks=50&gap=10       an SSE stream, a chunk every 10 ms
 *   GET /log                           what happened since the last look
 */

import net from 'node:net'

export interface KnownLog {
  calls: number
  errors: number
  /** From request to reply. */
  delaysMs: number[]
  /** Of streams: from request to first chunk, and between chunks. */
  firstChunkMs: number[]
  gapsMs: number[]
}

type Behaviour = (socket: net.Socket, arrivedMs: number, number: (name: string) => number) => void

const newLog = (): KnownLog => ({ calls: 0, errors: 0, delaysMs: [], firstChunkMs: [], gapsMs: [] })
let log = newLog()
let firstRequestMs = Number.NaN
let requests = 0

function at(atMs: number, run: () => void): void {
  setTimeout(run, Math.max(0, atMs - performance.now()))
}

function reply(socket: net.Socket, arrivedMs: number, status = '200 OK'): void {
  socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 2\r\n\r\n{}`)
  log.delaysMs.push(performance.now() - arrivedMs)
  log.calls++
  if (!status.startsWith('200')) log.errors++
}

const BEHAVIOURS: Record<string, Behaviour> = {
  '/fixed': (socket, arrivedMs, number) => at(arrivedMs + number('ms'), () => reply(socket, arrivedMs)),
  '/bimodal': (socket, arrivedMs, number) =>
    at(arrivedMs + number(requests % 20 === 0 ? 'slow' : 'fast'), () => reply(socket, arrivedMs)),
  '/stall': (socket, arrivedMs, number) => {
    if (Number.isNaN(firstRequestMs)) firstRequestMs = arrivedMs
    const stallsMs = firstRequestMs + number('after')
    const isStalled = arrivedMs >= stallsMs && arrivedMs < stallsMs + number('for')
    if (isStalled) at(stallsMs + number('for'), () => reply(socket, arrivedMs))
    else reply(socket, arrivedMs)
  },
  '/flaky': (socket, arrivedMs, number) =>
    reply(socket, arrivedMs, requests % number('every') === 0 ? '503 Busy' : undefined),
  '/stream': (socket, arrivedMs, number) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n')
    let lastMs = Number.NaN
    for (let chunk = 0; chunk < number('chunks'); chunk++) {
      at(arrivedMs + (chunk + 1) * number('gap'), () => {
        socket.write('9\r\ndata: x\n\n\r\n')
        const nowMs = performance.now()
        if (Number.isNaN(lastMs)) log.firstChunkMs.push(nowMs - arrivedMs)
        else log.gapsMs.push(nowMs - lastMs)
        lastMs = nowMs
      })
    }
    at(arrivedMs + (number('chunks') + 0.5) * number('gap'), () => {
      socket.write('0\r\n\r\n')
      log.calls++
    })
  },
}

function handle(socket: net.Socket, request: string, arrivedMs: number): void {
  const target = /^GET (\S+) /.exec(request)?.[1] ?? '/'
  const url = new URL(target, 'http://known')
  const behaviour = BEHAVIOURS[url.pathname]
  if (behaviour) {
    requests++
    behaviour(socket, arrivedMs, (name) => Number(url.searchParams.get(name)))
    return
  }
  const body = url.pathname === '/log' ? JSON.stringify(log) : ''
  const status = url.pathname === '/log' ? '200 OK' : '404 Not Found'
  socket.write(`HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  if (url.pathname !== '/log') return
  log = newLog()
  firstRequestMs = Number.NaN
  requests = 0
}

const server = net.createServer({ noDelay: true }, (socket) => {
  socket.setEncoding('latin1')
  socket.on('error', () => {})
  // Requests have no body and come one at a time, so each is one piece.
  socket.on('data', (request: string) => handle(socket, request, performance.now()))
})
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as net.AddressInfo).port)
})
process.on('disconnect', () => process.exit(0))
