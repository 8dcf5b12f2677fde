import type { Client, Dispatcher } from 'undici'
import type { ByteCounts, Credentials } from '../driver.ts'
import { singleClient } from '../http/single-client.ts'
import { socketBytes, type Transport } from '../transport/connect.ts'
import type { Channel, ChannelOwner, Message } from './channel.ts'
import type { Exchange } from './exchange.ts'
import { AsideReply, Reply } from './http-reply.ts'
import { BROKEN_OFF } from './outcome.ts'
import type { Sdk, SdkHttpTransport } from './sdk.ts'
import type { SharedSession } from './shared-session.ts'

/** What goes beside the calls (telling that one is given up, ending the session) may take this long. */
const ASIDE_MS = 2000
/** How long a reply may go on after the result that it holds. */
const LINGER_MS = 1000

export interface HttpChannelOptions {
  transport: Transport
  sdk: Sdk
  credentials: Credentials
  owner: ChannelOwner
  /** Where connections share a session. */
  shared: SharedSession | null
  /** The session to go on with; null: this connection begins one. */
  joined: { sessionId: string; version: string | undefined } | null
  /** One more connection, for what cannot wait for the calls' own. */
  dial(signal: AbortSignal): Promise<Transport>
}

/**
 * Streamable HTTP, by the SDK's own transport, whose `fetch` is this: all requests go over the one connection that was
 * opened for the session, one at a time. The stream that the SDK asks for with GET is declined: calls of tools need
 * none, and it would take a second connection.
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
  #reply: Reply | null = null
  /** The exchange whose request the SDK is about to hand to `fetch`. */
  #armed: Exchange | null = null
  #isOver = false
  #isEnding = false
  #isSessionGone = false
  #linger: NodeJS.Timeout | null = null
  #version: string | undefined
  /** The latest one to a call, and the latest to one of the session's own messages. */
  #callReply: Reply | null = null
  #ownReply: Reply | null = null

  constructor(options: HttpChannelOptions) {
    this.#options = options
    const { transport, sdk, credentials, owner, joined } = options
    const url = new URL(credentials.url)
    this.#origin = url.origin
    this.#client = singleClient(transport, url.origin, 1)
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
      // A stream may have ended before the SDK has read it.
      if (this.#callReply) this.#callReply.complaint = error
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
    const exchange = this.#options.owner.sending(message)
    if (exchange) this.#armed = exchange
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
    return this.#isOver || this.#isEnding || this.#reply ? 0 : 1 - open
  }

  wireBytes(into: ByteCounts): void {
    socketBytes(this.#options.transport.raw, into)
  }

  get statusCode(): number {
    return this.#ownReply?.statusCode ?? 0
  }

  began(isReady: boolean): void {
    const { shared, joined } = this.#options
    if (!joined) shared?.began(isReady ? this.sessionId : undefined, this.#version)
  }

  abort(): void {
    // The reply would go on: only another connection has room for the next call.
    this.#destroy()
  }

  forget(): void {
    if (this.sessionId !== undefined) this.#options.shared?.forget(this.sessionId)
    this.#isSessionGone = true
    this.#isEnding = true
  }

  settled(): void {
    if (!this.#reply) return
    if (this.#linger) this.#linger.refresh()
    else this.#linger = setTimeout(() => this.#giveUpLingering(), LINGER_MS)
  }

  async end(): Promise<void> {
    this.#isEnding = true
    if (this.#linger) clearTimeout(this.#linger)
    if (this.#endsSession()) {
      const timeout = new Promise<void>((resolve) => setTimeout(resolve, ASIDE_MS).unref())
      await Promise.race([this.#sdk.terminateSession().catch(() => {}), timeout])
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
    const exchange = this.#armed
    this.#armed = null
    const request = this.#request(init)
    if (this.#reply || this.#isOver) return this.#aside(request)
    exchange?.encoded((request.body as Buffer).byteLength)
    return new Promise((resolve, reject) => {
      const reply = new Reply(exchange, resolve, reject, (ended, error) => this.#ended(ended, error))
      this.#reply = reply
      if (exchange) this.#callReply = reply
      else this.#ownReply = reply
      this.#client.dispatch(request, reply)
    })
  }

  #request({ method = 'POST', headers, body }: RequestInit): Dispatcher.DispatchOptions {
    const { credentials } = this.#options
    const { pathname, search } = new URL(credentials.url)
    const flat: string[] = ['user-agent', 'infer-bench']
    for (const [name, value] of headers as Headers) flat.push(name, value)
    for (const name in credentials.headers) flat.push(name, credentials.headers[name]!)
    return {
      path: pathname + search,
      method: method as 'POST',
      headers: flat,
      body: Buffer.from((body as string | undefined) ?? ''),
    }
  }

  async #aside(request: Dispatcher.DispatchOptions): Promise<Response> {
    const transport = await this.#options.dial(AbortSignal.timeout(ASIDE_MS))
    const client = singleClient(transport, this.#origin, 1)
    try {
      return await new Promise<Response>((resolve, reject) => {
        client.dispatch(request, new AsideReply(resolve, reject))
      })
    } finally {
      client.destroy().catch(() => {})
      transport.socket.destroy()
      transport.raw.destroy()
    }
  }

  #ended(reply: Reply, error: Error | null): void {
    if (this.#reply !== reply) return
    this.#reply = null
    if (reply.closes) this.#isEnding = true
    if (error) this.#destroy()
    else this.#options.owner.roomAgain()
  }

  #giveUpLingering(): void {
    if (this.#reply?.exchange && this.#reply.isSettled) this.#destroy()
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
    // Undici hears of the close after this, and tells the open call what happened to it first.
    setImmediate(() => this.#options.owner.lost(BROKEN_OFF, true))
  }
}
