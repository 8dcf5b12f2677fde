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
 *
 * `as=NAME` in a query keeps a log of that name: `/fixed?ms=20&as=control`, `/log?as=control`.
 */

import net from 'node:net'

export interface KnownLog {
  /** Requests that came, of behaviours that count them. */
  begun: number
  calls: number
  errors: number
  /** From request to reply. */
  delaysMs: number[]
  /** Of streams: from request to first chunk, and between chunks. */
  firstChunkMs: number[]
  gapsMs: number[]
}

interface Request {
  socket: net.Socket
  arrivedMs: number
  log: KnownLog
  number(name: string): number
}

type Behaviour = (request: Request) => void

const newLog = (): KnownLog => ({ begun: 0, calls: 0, errors: 0, delaysMs: [], firstChunkMs: [], gapsMs: [] })
const logs = new Map<string, KnownLog>()
let firstRequestMs = Number.NaN

function at(atMs: number, run: () => void): void {
  setTimeout(run, Math.max(0, atMs - performance.now()))
}

function reply({ socket, arrivedMs, log }: Request, status = '200 OK'): void {
  socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 2\r\n\r\n{}`)
  log.delaysMs.push(performance.now() - arrivedMs)
  log.calls++
  if (!status.startsWith('200')) log.errors++
}

const BEHAVIOURS: Record<string, Behaviour> = {
  '/fixed': (request) => at(request.arrivedMs + request.number('ms'), () => reply(request)),
  '/bimodal': (request) => {
    request.log.begun++
    const delayMs = request.number(request.log.begun % 20 === 0 ? 'slow' : 'fast')
    at(request.arrivedMs + delayMs, () => reply(request))
  },
  '/stall': (request) => {
    if (Number.isNaN(firstRequestMs)) firstRequestMs = request.arrivedMs
    const stallsMs = firstRequestMs + request.number('after')
    const isStalled = request.arrivedMs >= stallsMs && request.arrivedMs < stallsMs + request.number('for')
    if (isStalled) at(stallsMs + request.number('for'), () => reply(request))
    else reply(request)
  },
  '/flaky': (request) => {
    request.log.begun++
    reply(request, request.log.begun % request.number('every') === 0 ? '503 Busy' : undefined)
  },
  '/stream': ({ socket, arrivedMs, log, number }) => {
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

function handle(socket: net.Socket, text: string, arrivedMs: number): void {
  const url = new URL(/^GET (\S+) /.exec(text)?.[1] ?? '/', 'http://known')
  const name = url.searchParams.get('as') ?? ''
  const log = logs.get(name) ?? newLog()
  logs.set(name, log)
  const behaviour = BEHAVIOURS[url.pathname]
  if (behaviour) {
    behaviour({ socket, arrivedMs, log, number: (key) => Number(url.searchParams.get(key)) })
    return
  }
  const isLog = url.pathname === '/log'
  const body = isLog ? JSON.stringify(log) : ''
  socket.write(
    `HTTP/1.1 ${isLog ? '200 OK' : '404 Not Found'}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  if (!isLog) return
  logs.delete(name)
  firstRequestMs = Number.NaN
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
