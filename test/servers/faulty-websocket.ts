import { createHash } from 'node:crypto'
import type net from 'node:net'
import { type FaultyServer, startFaulty } from './faulty-http.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A server that upgrades as it should, and then does with the raw socket as it likes for each message that comes. */
export async function startFaultyWebSocket(
  fault: (socket: net.Socket, message: number) => void,
): Promise<FaultyServer> {
  let messages = 0
  const faulty = await startFaulty((socket, request) => {
    socket.removeAllListeners('data')
    socket.on('data', () => fault(socket, messages++))
    socket.write(accepted(request))
  })
  faulty.url = faulty.url.replace('http', 'ws')
  return faulty
}

/** The answer that makes a connection a WebSocket. */
export function accepted(request: string, accept = acceptOf(request)): string {
  return `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`
}

function acceptOf(request: string): string {
  const key = /sec-websocket-key: (\S+)/i.exec(request)![1]!
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64')
}

const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** One frame of a server. `first`: more bits of its first byte; `second`: of its second. */
export function frame(
  kind: keyof typeof OPCODES,
  payload: Buffer | string = '',
  { first = 0x80, second = 0 } = {},
): Buffer {
  const bytes = Buffer.from(payload)
  if (bytes.length > 125) throw new Error('tests send small frames')
  const mask = second & 0x80 ? Buffer.alloc(4) : Buffer.alloc(0)
  return Buffer.concat([Buffer.from([first | OPCODES[kind], second | bytes.length]), mask, bytes])
}

export function closeFrame(code: number, reason = ''): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(code)
  return frame('close', Buffer.concat([bytes, Buffer.from(reason)]))
}
