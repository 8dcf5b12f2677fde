import net from 'node:net'

/** What a connection gets for its request; it may write, end, or destroy as it likes. */
export type Fault = (socket: net.Socket, request: string) => void

export interface FaultyServer {
  url: string
  /** Connections accepted so far. */
  connections: number
  /** Requests seen so far. */
  requests: number
  stop(): Promise<void>
}

/** A server that speaks raw bytes on a socket, so that it can break every rule of HTTP. */
export async function startFaulty(fault: Fault): Promise<FaultyServer> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    faulty.connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let pending = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      pending += text
      // Tests send small requests: the header, and a body that comes with it.
      if (!pending.includes('\r\n\r\n')) return
      const request = pending
      pending = ''
      faulty.requests++
      fault(socket, request)
    })
  })
  const faulty: FaultyServer = {
    url: '',
    connections: 0,
    requests: 0,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  faulty.url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`
  return faulty
}

export function reply(body: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries({ 'content-length': String(Buffer.byteLength(body)), ...headers })
  return `HTTP/1.1 200 OK\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

export const EVENT_STREAM =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'

export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

export const LAST_CHUNK = '0\r\n\r\n'
