import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Service } from '../service.ts'
import { collectBody, collectForm } from './body.ts'
import type { HttpError } from './errors.ts'
import type { Part } from './multipart.ts'
import type { Convention } from './router.ts'

/** How long a refused request's body is read on, so that its sender can still read the refusal. */
const lingerMs = 2_000
/** A body of this size is cheaper to read and forget than a connection is to open anew. */
const forgottenBodyBytes = 256 * 1024

/** One request and its reply, over HTTP/1.1 or HTTP/2 alike. */
export class Exchange {
  readonly service: Service
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Null on HTTP/1.1. */
  readonly #stream: ServerHttp2Stream | null
  readonly #convention: Convention
  readonly #onDone: () => void
  #interfaceName: string
  #abort: AbortController | null = null
  /** True once the reply was handed over in full or the client has left. */
  closed = false

  constructor(
    service: Service,
    convention: Convention,
    request: IncomingMessage,
    response: ServerResponse,
    onDone: () => void,
  ) {
    this.service = service
    this.request = request
    this.response = response
    this.#stream = request.httpVersionMajor === 2 ? (request as unknown as Http2ServerRequest).stream : null
    this.#convention = convention
    this.#interfaceName = convention.interfaceName
    this.#onDone = onDone
    response.on('close', () => this.#onClose())
  }

  /** Aborted when the client leaves before its reply was complete. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    return this.#abort.signal
  }

  /** Gives up what runs for this exchange, while the client can still be told so. */
  abort(): void {
    this.#abort?.abort()
  }

  get isHttp2(): boolean {
    return this.#stream !== null
  }

  /** The body, with its content encoding undone. @throws HttpError when it breaks a limit. */
  body(): Promise<Buffer> {
    return collectBody(this.request, this.service.limits)
  }

  /** The parts of a body that is a form. @throws HttpError when it breaks a limit, or is none. */
  form(boundary: string): Promise<Part[]> {
    return collectForm(this.request, this.service.limits, boundary)
  }

  /** Counts this exchange as a stream from here on. */
  becomeStream(): void {
    this.#interfaceName = 'sse'
  }

  json(text: string, headers: OutgoingHttpHeaders = {}, status = 200): void {
    headers['content-type'] = 'application/json'
    this.reply(status, headers, text)
  }

  /** The whole reply at once. */
  reply(status: number, headers: OutgoingHttpHeaders, body: string | Buffer): void {
    if (this.closed) return
    headers['content-length'] = Buffer.byteLength(body)
    if (this.#hasUnreadBody()) {
      this.#replyEarly(status, headers, body)
    } else {
      if (this.service.stopping && !this.isHttp2) headers.connection = 'close'
      this.response.writeHead(status, headers)
      this.response.end(body)
    }
  }

  fail(error: HttpError): void {
    if (this.closed) return
    if (!this.response.headersSent) {
      this.json(this.#convention.errorBody(error), { ...error.headers }, error.status)
    } else if (this.#stream) {
      this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    } else {
      // Too late for a status: a cut connection is the one sign left that the reply is not whole.
      this.response.destroy()
    }
  }

  #hasUnreadBody(): boolean {
    const { request } = this
    if (request.complete) return false
    if (this.#stream) return !this.#stream.endAfterHeaders
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers
    // Node reads a body that nobody asked for by itself, so that the connection can go on.
    return coding !== undefined || (length !== undefined && Number(length) > forgottenBodyBytes)
  }

  /**
   * Replies while the client is still sending. Closing at once would reset the connection, and the reset
   * can wipe the reply out of the client's receive buffer; reading on for ever would let it send for ever.
   */
  #replyEarly(status: number, headers: OutgoingHttpHeaders, body: string | Buffer): void {
    const { request, response } = this
    const stream = this.#stream
    if (stream) {
      request.resume()
      // RFC 9113, section 8.1: this is how a server asks for the rest of a body not to be sent.
      stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
      response.writeHead(status, headers)
      response.end(body)
      return
    }
    headers.connection = 'close'
    response.writeHead(status, headers)
    // The length is in the headers, so the client has its whole reply now; end() would close the socket.
    response.write(body)
    const timer = setTimeout(finish, lingerMs)
    let budgetBytes = this.service.limits.bodyBytes
    function finish(): void {
      clearTimeout(timer)
      response.end()
    }
    request.on('data', (chunk: Buffer) => {
      budgetBytes -= chunk.length
      if (budgetBytes < 0) finish()
    })
    request.once('end', finish)
    response.once('close', () => clearTimeout(timer))
  }

  #onClose(): void {
    this.closed = true
    const left = !(this.#stream ?? this.response).writableFinished
    this.service.countRequest(this.#interfaceName, left ? 499 : this.response.statusCode)
    if (left) this.#abort?.abort()
    this.#onDone()
  }
}
