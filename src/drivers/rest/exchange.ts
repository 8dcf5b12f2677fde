import type { Buffer } from 'node:buffer'
import zlib from 'node:zlib'
import type { Dispatcher } from 'undici'
import {
  type Content,
  clearContent,
  type HttpCodec,
  newContent,
  type ReplyHeaders,
} from '../../dialects/dialect.ts'
import { type CallSlot, failure, SUCCESS } from '../driver.ts'
import { Body } from '../http/body.ts'
import { Exchange } from '../http/exchange.ts'
import { SAMPLE_BYTES, statusOutcome } from '../http/outcome.ts'
import type { HttpSession } from '../http/session.ts'
import { readServerTiming } from '../server-timing.ts'

/** A larger reply, counted after decompression, is a failure: it would not fit the memory of many at once. */
const MOST_REPLY_BYTES = 256 * 1024 * 1024

/** Reads a whole reply. */
export class UnaryExchange extends Exchange implements ReplyHeaders {
  readonly #codec: HttpCodec
  readonly #content: Content = newContent()
  readonly #timing = { queueMs: Number.NaN, computeMs: Number.NaN }
  #headers: Record<string, string | string[] | undefined> = {}
  readonly #body = new Body()

  constructor(codec: HttpCodec, session: HttpSession) {
    super(session)
    this.#codec = codec
  }

  override begin(call: CallSlot): void {
    super.begin(call)
    this.#body.clear()
  }

  get(name: string): string | undefined {
    const value = this.#headers[name]
    return typeof value === 'string' ? value : value?.[0]
  }

  protected readHead(headers: Record<string, string | string[] | undefined>): void {
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.call) return
    // Of an error no more is kept than is shown.
    if (this.statusCode >= 300 && this.#body.byteCount >= SAMPLE_BYTES) return
    this.#body.add(chunk)
    if (this.#body.byteCount > MOST_REPLY_BYTES) {
      this.#body.clear()
      const { call } = this
      this.session.cancel(call)
      call.end(failure('response', 'decode', 'too_large', `a reply of more than ${MOST_REPLY_BYTES} bytes`))
      return
    }
  }

  onResponseEnd(): void {
    const { call } = this
    if (!call) return
    call.lastByte()
    if (this.statusCode >= 300) {
      this.session.finished(this)
      call.end(statusOutcome(this.statusCode, this.#body.bytes(), this.retryAfter))
      return
    }
    const content = this.#content
    clearContent(content)
    try {
      this.#codec.reply(this.#decoded(), this, content)
    } catch (error) {
      this.session.finished(this)
      call.end(failure('response', 'decode', '', (error as Error).message.slice(0, SAMPLE_BYTES)))
      return
    }
    call.content(content.tokens, content.payloadBytes)
    call.decoded()
    if (content.totalTokens >= 0) call.tokens(content.totalTokens)
    const told = this.get('server-timing')
    if (told !== undefined && readServerTiming(told, this.#timing)) call.server(this.#timing)
    this.session.finished(this)
    call.end(SUCCESS)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.session.failed(this, error, this.session.outcomeOf(error, this.statusCode > 0))
  }

  #decoded(): Uint8Array {
    const body = this.#body.bytes()
    const encoding = this.get('content-encoding')
    if (encoding === undefined || encoding === 'identity') return body
    return decompress(encoding, body)
  }
}

function decompress(encoding: string, body: Uint8Array): Uint8Array {
  const limit = { maxOutputLength: MOST_REPLY_BYTES }
  if (encoding === 'gzip' || encoding === 'x-gzip') return zlib.gunzipSync(body, limit)
  if (encoding === 'deflate') return zlib.inflateSync(body, limit)
  if (encoding === 'br') return zlib.brotliDecompressSync(body, limit)
  if (encoding === 'zstd') return zlib.zstdDecompressSync(body, limit)
  throw new Error(`the reply’s content-encoding ${encoding} is not supported`)
}
