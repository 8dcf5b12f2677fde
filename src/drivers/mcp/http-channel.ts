import type { Client, Dispatcher } from 'undici'
import type { ByteCounts, Credentials } from '../driver.ts'
import { isOfConnection } from '../http/outcome.ts'
import { singleClient } from '../http/single-client.ts'
import type { RetryAfter } from '../retry-after.ts'
import { TRACEPARENT } from '../trace.ts'
import { socketBytes, type Transport } from '../transport/connect.ts'
import { closedOutcome } from '../transport/errors.ts'
import type { Channel, ChannelOwner, Message } from './channel.ts'
import type { Exchange } from './exchange.ts'
import { glimpsedId } from './glimpse.ts'
import { AsideReply, Reply } from './http-reply.ts'
import { BROKEN_OFF } from './outcome.ts'
import type { Sdk, SdkHttpTransport } from './sdk.ts'
import type { Joined, SharedSession } from './shared-session.ts'

/** What goes beside the calls (telling that one is given up, ending the session) may take this long. */
const ASIDE_MS = 2000
/** So many connections go beside that of the calls at most: a server may ask without an end, and each answer is one. */
const MOST_ASIDE = 8
/** How long a reply may go on after the result that it holds, at least; at most twice as long. */
const LINGER_MS = 1000
/** Calls in flight on one HTTP/2 connection at most. */
const HTTP2_STREAMS = 100

export interface HttpChannelOptions {
  transport: Transport
  sdk: Sdk
  credentials: Credentials
  owner: ChannelOwner
  /** Where connections share a session. */
  shared: SharedSession | null
  /** The session to go on with; null: this connection begins one. */
  joined: Joined | null
  /** One more connection, for what cannot wait for the calls' own. */
  dial(signal: AbortSignal): Promise<Transport>
}

/**
 * Streamable HTTP, by the SDK's own transport, whose `fetch` is this: all requests go over the one connection that was
 * opened for the session, one at a time on HTTP/1.1. The stream that the SDK asks for with GET is declined: calls of
 * tools need none, and it would take a second connection.
 */
export class HttpChannel implements Channel {
  /** As the SDK's own: a reply that is given up is told by closing its stream (revision 2026-07-28). */
  readonly hasPerRequestStream = true
  onmessage?: (message: Message, extra?: unknown) => void
  onerror?: (error: Error) => void
  onclose?: () => void
  readonly #options: HttpChannelOptions
  readonly #sdk: SdkHttpTransport
  readonly #client: Client
  readonly #origin: string
  readonly #most: number
  /** Replies under way. */
  readonly #replies = new Set<Reply>()
  /** Replies to calls of which the SDK may not have read all. */
  readonly #unread = new Set<Reply>()
  #hasBegun = false
  #isOver = false
  #isEnding = false
  #isSessionGone = false
  #asideCount = 0
  #linger: NodeJS.Timeout | null = null
  #version: string | undefined
  /** The latest one to one of the session's own messages. */
  #ownReply: Reply | null = null

  constructor(options: HttpChannelOptions) {
    this.#options = options
    const { transport, sdk, credentials, owner, joined } = options
    const url = new URL(credentials.url)
    this.#origin = url.origin
    this.#most = transport.alpn === 'h2' ? HTTP2_STREAMS : 1
    this.#client = singleClient(transport, url.origin, this.#most, () => {
      this.#isEnding = true
    })
    transport.socket.once('close', () => this.#lose())
    this.#sdk = sdk.newHttpTransport(url, {
      fetch: (_url, init = {}) => this.#fetch(init),
      requestInit: {},
      ...(joined && { sessionId: joined.sessionId }),
    })
    if (joined?.version !== undefined) this.setProtocolVersion(joined.version)
    this.#sdk.onmessage = (message, extra) => {
      if (!owner.arrived(message)) this.onmessage?.(message, extra)
    }
    this.#sdk.onerror = (error) => {
      // It does not say of which.
      for (const reply of this.#unread) reply.complaint = error
      this.onerror?.(error)
    }
    this.#sdk.onclose = () => this.onclose?.()
  }

  get sessionId(): string | undefined {
    return this.#sdk.sessionId
  }

  start(): Promise<void> {
    return this.#sdk.start()
  }

  send(message: Message, options?: unknown): Promise<void> {
    this.#options.owner.sending(message)
    return this.#sdk.send(message, options)
  }

  setProtocolVersion(version: string): void {
    this.#version = version
    this.#sdk.setProtocolVersion?.(version)
  }

  close(): Promise<void> {
    return this.#sdk.close()
  }

  room(open: number): number {
    return this.#isOver || this.#isEnding ? 0 : this.#most - Math.max(open, this.#replies.size)
  }

  wireBytes(into: ByteCounts): void {
    socketBytes(this.#options.transport.raw, into)
  }

  get statusCode(): number {
    return this.#ownReply?.statusCode ?? 0
  }

  get retryAfter(): RetryAfter | undefined {
    return this.#ownReply?.retryAfter
  }

  began(isReady: boolean): void {
    const { shared, joined } = this.#options
    this.#hasBegun = isReady
    if (!joined) shared?.began(isReady ? this.sessionId : undefined, this.#version)
  }

  pause(exchange: Exchange, on: boolean): void {
    for (const reply of this.#replies) if (reply.exchange === exchange && !reply.isSettled) reply.pause(on)
  }

  abort(exchange: Exchange): void {
    // On HTTP/1.1 the reply would go on: only another connection has room for the next call.
    if (this.#most === 1) this.#destroy()
    else for (const reply of this.#replies) if (reply.exchange === exchange && reply.isSettled) reply.abort()
  }

  forget(): void {
    if (this.sessionId !== undefined) this.#options.shared?.forget(this.sessionId)
    this.#isSessionGone = true
    this.#isEnding = true
  }

  settled(): void {
    if (this.#replies.size > 0) this.#linger ??= setTimeout(() => this.#giveUpLate(), LINGER_MS)
  }

  async end(): Promise<void> {
    this.#isEnding = true
    if (this.#linger) clearTimeout(this.#linger)
    if (this.#endsSession()) {
      const timer = setTimeout(() => this.#destroy(), ASIDE_MS)
      await this.#sdk.terminateSession().catch(() => {})
      clearTimeout(timer)
    }
    this.#destroy()
    await this.#sdk.close().catch(() => {})
  }

  #endsSession(): boolean {
    const { sessionId } = this
    if (sessionId === undefined || this.#isSessionGone) return false
    return this.#options.shared?.leave(sessionId) ?? true
  }

  #fetch(init: RequestInit): Promise<Response> {
    if (init.method === 'GET') return Promise.resolve(new Response(null, { status: 405 }))
    // The SDK hands over several in one turn, and not what they are.
    const exchange =
      init.method === 'POST' ? this.#options.owner.exchange(glimpsedId(init.body as string)) : null
    const request = this.#request(init, exchange?.traceparent ?? '')
    const isFree = this.#replies.size < this.#most
    if (this.#isOver || !isFree) return this.#aside(request)
    exchange?.encoded((request.body as Buffer).byteLength)
    return new Promise((resolve, reject) => {
      const reply = new Reply(exchange, resolve, reject, this.#followed)
      this.#replies.add(reply)
      if (exchange) this.#unread.add(reply)
      else this.#ownReply = reply
      this.#client.dispatch(request, reply)
    })
  }

  /** What replies tell of their end. */
  readonly #followed = {
    ended: (reply: Reply, error: Error | null): void => this.#ended(reply, error),
    read: (reply: Reply): void => void this.#unread.delete(reply),
  }

  #request({ method = 'POST', headers, body }: RequestInit, traceparent: string): Dispatcher.DispatchOptions {
    const { credentials } = this.#options
    const { pathname, search } = new URL(credentials.url)
    const flat: string[] = ['user-agent', 'infer-bench']
    for (const [name, value] of headers as Headers) flat.push(name, value)
    for (const name in credentials.headers) flat.push(name, credentials.headers[name]!)
    if (traceparent !== '') flat.push(TRACEPARENT, traceparent)
    return {
      path: pathname + search,
      method: method as 'POST',
      headers: flat,
      body: Buffer.from((body as string | undefined) ?? ''),
    }
  }

  async #aside(request: Dispatcher.DispatchOptions): Promise<Response> {
    if (this.#asideCount >= MOST_ASIDE) throw new Error('the server asks faster than it can be answered')
    this.#asideCount++
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), ASIDE_MS)
    try {
      const transport = await this.#options.dial(late.signal)
      const close = () => {
        transport.socket.destroy()
        transport.raw.destroy()
      }
      late.signal.addEventListener('abort', close)
      const client = singleClient(transport, this.#origin, 1, () => {})
      try {
        return await new Promise<Response>((resolve, reject) => {
          client.dispatch(request, new AsideReply(resolve, reject))
        })
      } finally {
        client.destroy().catch(() => {})
        close()
      }
    } finally {
      clearTimeout(timer)
      this.#asideCount--
    }
  }

  #ended(reply: Reply, error: Error | null): void {
    if (!this.#replies.delete(reply)) return
    if (reply.closes) this.#isEnding = true
    const { socket } = this.#options.transport
    if (error && (this.#most === 1 || isOfConnection(error, socket))) this.#destroy()
    else this.#options.owner.roomAgain()
  }

  #giveUpLate(): void {
    this.#linger = null
    const over = [...this.#replies].filter((reply) => reply.exchange && reply.isSettled)
    for (const reply of over) {
      if (reply.isLate) reply.abort()
      else reply.isLate = true
    }
    if (over.length > 0) this.settled()
  }

  #destroy(): void {
    const { socket, raw } = this.#options.transport
    this.#client.destroy().catch(() => {})
    socket.destroy()
    raw.destroy()
    this.#lose()
  }

  #lose(): void {
    if (this.#isOver) return
    this.#isOver = true
    const { owner, transport } = this.#options
    // Undici hears of the close after this, and tells the open call what happened to it first.
    setImmediate(() => {
      const isIdle = this.#hasBegun && !owner.isAsked()
      owner.lost(isIdle ? closedOutcome(transport.raw) : BROKEN_OFF, true)
    })
  }
}
