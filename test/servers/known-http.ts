import net from 'node:net'
import { Known, takeLog } from './known-behaviour.ts'

const NOTHING_STREAMED = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 0\r\n\r\n'

/**
 * REST, SSE and what bare sockets ask. It speaks raw bytes: an HTTP library's time would count as the network's.
 * `GET /log?NAME` takes a log. With `tell` in its header `known`, a reply says what it took, in ms.
 */
export function startKnownHttp(): Promise<number> {
  const server = net.createServer({ noDelay: true }, (socket) => {
    const open = new Set<Known>()
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    socket.on('close', () => {
      for (const call of open) call.cancelled()
    })
    // Requests have no body and come one at a time, so each is one piece.
    socket.on('data', (request: string) => handle(socket, open, request, performance.now()))
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port))
  })
}

function handle(socket: net.Socket, open: Set<Known>, text: string, begunMs: number): void {
  const logName = /^GET \/log\?(\S+)/.exec(text)?.[1]
  if (logName !== undefined) {
    const body = JSON.stringify(takeLog(logName))
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    return
  }
  const known = /^known: (.*)$/im.exec(text)?.[1]?.trim()
  if (known === undefined) {
    // What is asked to see whether anybody is there.
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}')
    return
  }
  const streams = /^accept: text\/event-stream/im.test(text)
  if (streams && !known.includes('does=fail')) {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n')
  }
  let isBegun = false
  const call = new Known(known, begunMs, {
    chunk: () => void (streams && socket.write('9\r\ndata: x\n\n\r\n')),
    piece: (index, count) => {
      if (index === 1) socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${count}\r\n\r\n`)
      socket.write('x')
      isBegun = true
    },
    reply: (written) => {
      open.delete(call)
      if (isBegun) socket.write('x')
      else if (streams) socket.write(known.includes('does=fail') ? NOTHING_STREAMED : '0\r\n\r\n')
      else {
        const body = known.includes('tell') ? (performance.now() - begunMs).toFixed(6) : '{}'
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
      }
      written()
    },
    fail: () => {
      open.delete(call)
      socket.write('HTTP/1.1 503 Busy\r\ncontent-length: 2\r\n\r\n{}')
    },
  })
  open.add(call)
  call.requested()
}
