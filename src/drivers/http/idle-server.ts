import { Buffer } from 'node:buffer'
import type { ServerHttp2Stream } from 'node:http2'
import net from 'node:net'
import tls from 'node:tls'
import type { HttpCodec } from '../../dialects/dialect.ts'
import type { IdleRequest, IdleServer } from '../driver.ts'
import { listenIdleHttp2 } from '../transport/idle-http2.ts'
import { listenIdle } from '../transport/idle-listener.ts'
import { isSecureScheme } from '../transport/scheme.ts'
import type { HttpOptions } from './options.ts'

const END_OF_HEAD = '\r\n\r\n'
const LENGTH = /\r\ncontent-length: *(\d+)/i

/** What comes back for every request. */
export interface IdleReply {
  contentType: string
  body: string
}

/** Answers each request once all of it has come, and reads of it no more than where it ends. */
export async function startIdleServer(asked: IdleRequest, reply: IdleReply): Promise<IdleServer> {
  const isSecure = isSecureScheme(asked.scheme)
  const isHttp2 = (asked.options as unknown as HttpOptions).http === '2'
  const { host, close } = isHttp2
    ? await listenIdleHttp2(isSecure ? asked.certificate : null, (stream) => answerStream(stream, reply))
    : await listenIdle(http1Server(isSecure, asked, wholeReply(reply)))
  return { url: `${isSecure ? 'https' : 'http'}://${host}/`, close }
}

/** Sends what the case sends, and takes what the idle server replies. */
export function idleCodec({ headers, payloadBytes, encode }: HttpCodec): HttpCodec {
  return {
    headers,
    payloadBytes,
    encode,
    endMark: null,
    reply(body, _headers, into) {
      into.payloadBytes = body.byteLength
    },
    chunk(data, _event, into) {
      into.payloadBytes = data.length
      into.tokens = 1
    },
  }
}

function answerStream(stream: ServerHttp2Stream, { contentType, body }: IdleReply): void {
  stream.resume()
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': contentType })
    stream.end(body)
  })
}

/** A stream of events has no length of its own, and comes in chunks from any server. */
function wholeReply({ contentType, body }: IdleReply): Buffer {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\n`
  const rest =
    contentType === 'text/event-stream'
      ? `transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
      : `content-length: ${body.length}\r\n\r\n${body}`
  return Buffer.from(head + rest)
}

function http1Server(isSecure: boolean, { certificate }: IdleRequest, reply: Buffer): net.Server {
  const serve = (socket: net.Socket) => {
    socket.on('error', () => {})
    const requests = new Requests(() => socket.write(reply))
    socket.on('data', (piece: Buffer) => requests.take(piece))
  }
  if (!isSecure) return net.createServer(serve)
  const { certificate: cert, key } = certificate!
  return tls.createServer({ cert, key, ALPNProtocols: ['http/1.1'] }, serve)
}

/** Finds where each request of a connection ends. */
class Requests {
  readonly #ended: () => void
  /** The beginning of a header whose end has not come. */
  #head: Buffer | null = null
  #bodyLeft = 0

  constructor(ended: () => void) {
    this.#ended = ended
  }

  take(piece: Buffer): void {
    let rest = this.#head ? Buffer.concat([this.#head, piece]) : piece
    this.#head = null
    while (rest.length > 0) {
      if (this.#bodyLeft === 0) {
        const end = rest.indexOf(END_OF_HEAD)
        if (end === -1) {
          this.#head = rest
          return
        }
        this.#bodyLeft = Number(LENGTH.exec(rest.toString('latin1', 0, end))?.[1] ?? 0)
        rest = rest.subarray(end + END_OF_HEAD.length)
      }
      const taken = Math.min(this.#bodyLeft, rest.length)
      this.#bodyLeft -= taken
      rest = rest.subarray(taken)
      if (this.#bodyLeft === 0) this.#ended()
    }
  }
}
