import { Buffer } from 'node:buffer'
import type { Client, Dispatcher } from 'undici'
import {
  type ByteCounts,
  type CallSlot,
  failure,
  type Outcome,
  type ResumableSession,
  type SessionProbe,
} from '../driver.ts'
import type { TraceIds } from '../trace.ts'
import { socketBytes, type Transport } from '../transport/connect.ts'
import { closedOutcome } from '../transport/errors.ts'
import type { Exchange } from './exchange.ts'
import { isOfConnection, requestOutcome } from './outcome.ts'
import { singleClient } from './single-client.ts'
import type { RequestTemplate } from './template.ts'

/** Streams that one HTTP/2 connection takes where the server names no limit. */
const HTTP2_STREAMS = 100

/** Where a session is connected to, and who follows it. */
export interface Link {
  origin: string
  probe: SessionProbe
  connect(signal: AbortSignal): Promise<Transport>
}

/** One connection with an undici client of its own; or one after the other, each of which goes on with a stream. */
export class HttpSession implements ResumableSession {
  #transport: Transport
  #client: Client
  readonly #link: Link
  readonly #template: RequestTemplate
  readonly #probe: SessionProbe
  /** Bytes of the connections before. */
  readonly #bytesBefore: ByteCounts = { read: 0, written: 0 }
  readonly #newExchange: (session: HttpSession) => Exchange
  readonly #idle: Exchange[] = []
  readonly #request: Dispatcher.DispatchOptions
  readonly #most: number
  readonly #multiplexed: boolean
  #version: number
  #open = 0
  #lost = false
  #doomed = false
  /** What the server said when it gave the connection up. */
  #goneAway: Error | null = null
  /** Its stream is to go on over another connection. */
  #interrupted: Exchange | null = null
  /** The probe was told so. */
  #isBroken = false
  #isClosed = false

  constructor(
    transport: Transport,
    link: Link,
    template: RequestTemplate,
    newExchange: (session: HttpSession) => Exchange,
  ) {
    this.#transport = transport
    this.#template = template
    this.#link = link
    this.#probe = link.probe
    this.#newExchange = newExchange
    const multiplexed = transport.alpn === 'h2'
    this.#multiplexed = multiplexed
    this.#most = multiplexed ? HTTP2_STREAMS : 1
    this.#version = template.credentials.version
    this.#request = { ...template.address(), method: template.method as 'POST' }
    this.#client = this.#clientOf(transport)
    transport.socket.once('close', () => this.#lose())
  }

  capacity(): number {
    return this.#lost || this.#doomed ? 0 : this.#most - this.#open
  }

  start(call: CallSlot): void {
    this.#open++
    const exchange = this.#idle.pop() ?? this.#newExchange(this)
    exchange.begin(call)
    call.state = exchange
    if (this.#version !== this.#template.credentials.version) this.#renew()
    try {
      const body = this.#template.encode()
      const bytes = typeof body === 'string' ? Buffer.from(body) : body
      this.#request.body = bytes
      call.encoded(bytes === null ? 0 : bytes.byteLength, this.#template.payloadBytes)
    } catch (error) {
      this.finished(exchange)
      call.end(failure('request', 'encode', '', (error as Error).message))
      return
    }
    const { trace } = this.#template
    if (trace !== null) {
      call.traceNumber = trace.next()
      tellTrace(trace, call, this.#request.headers as string[])
    }
    this.#client.dispatch(this.#request, exchange)
  }

  pause(call: CallSlot, on: boolean): void {
    const exchange = call.state as Exchange
    if (exchange.call === call) exchange.pause(on)
  }

  cancel(call: CallSlot): void {
    const exchange = call.state as Exchange
    if (exchange.call !== call) return
    exchange.call = null
    this.#open--
    if (this.#interrupted === exchange) {
      this.#interrupted = null
      // Nothing is left that another connection would be needed for.
      if (this.#isBroken) this.#end()
      return
    }
    if (!this.#multiplexed) this.doom()
    exchange.abort()
  }

  /** The exchange's call is over; it may carry the next one. */
  finished(exchange: Exchange): void {
    exchange.call = null
    this.#open--
    this.#idle.push(exchange)
  }

  /** No further call may start here: the connection ends with the reply that is under way. */
  doom(): void {
    this.#doomed = true
  }

  /** The class of what undici says went wrong with a call. Of a connection that the server gave up, it says only its end. */
  outcomeOf(error: Error, hasReply: boolean): Outcome {
    const outcome = requestOutcome(error, hasReply)
    return this.#goneAway && outcome.class === 'tcp.reset'
      ? requestOutcome(this.#goneAway, hasReply)
      : outcome
  }

  /** The exchange's call failed by what undici told. What it still tells of it is ignored. */
  failed(exchange: Exchange, error: Error, outcome: Outcome): void {
    const { call } = exchange
    if (!call) return
    exchange.call = null
    this.#open--
    if (!this.#multiplexed) this.doom()
    else if (isOfConnection(error, this.#transport.socket)) {
      this.doom()
      this.#transport.socket.destroy()
    }
    call.end(outcome)
  }

  /** The exchange's stream was cut and can go on: the connection is given up, and load is told once it is closed. */
  interrupted(exchange: Exchange): void {
    this.#interrupted = exchange
    this.doom()
    this.#transport.socket.destroy()
  }

  /** The server goes on with the stream that was cut. */
  resumed(): void {
    this.#probe.resumed()
  }

  async reopen(signal: AbortSignal): Promise<void> {
    const transport = await this.#link.connect(signal)
    const exchange = this.#interrupted
    if (!exchange || this.#isClosed) {
      transport.socket.destroy()
      transport.raw.destroy()
      return
    }
    const { read, written } = this.#bytesBefore
    socketBytes(this.#transport.raw, this.#bytesBefore)
    this.#bytesBefore.read += read
    this.#bytesBefore.written += written
    this.#interrupted = null
    this.#isBroken = this.#lost = this.#doomed = false
    this.#transport = transport
    this.#client = this.#clientOf(transport)
    transport.socket.once('close', () => this.#lose())
    const { path, headers } = this.#template.address()
    const { trace } = this.#template
    if (trace !== null && exchange.call) tellTrace(trace, exchange.call, headers)
    const body = this.#template.encode()
    this.#client.dispatch(
      { ...this.#request, path, headers: [...headers, ...exchange.again()], body },
      exchange,
    )
  }

  wireBytes(into: ByteCounts): void {
    socketBytes(this.#transport.raw, into)
    into.read += this.#bytesBefore.read
    into.written += this.#bytesBefore.written
  }

  close(): void {
    this.#lost = true
    this.#isClosed = true
    this.#client.destroy().catch(() => {})
    this.#transport.socket.destroy()
    this.#transport.raw.destroy()
  }

  #clientOf(transport: Transport): Client {
    return singleClient(transport, this.#link.origin, this.#most, (said) => {
      if (this.#transport !== transport) return
      this.doom()
      this.#goneAway = said
    })
  }

  #renew(): void {
    this.#version = this.#template.credentials.version
    Object.assign(this.#request, this.#template.address())
  }

  #lose(): void {
    if (this.#lost) return
    this.#lost = true
    // Undici hears of the close after this, and tells the open calls what happened to them before the next turn of
    // the loop. Destroyed at once, it would tell them of nothing but its own end.
    setImmediate(() => {
      this.#client.destroy().catch(() => {})
      if (this.#isClosed) return
      if (this.#interrupted) {
        this.#isBroken = true
        this.#probe.broken(this.#interrupted.retryMs)
      } else this.#end()
    })
  }

  #end(): void {
    this.#isClosed = true
    this.#probe.lost(closedOutcome(this.#transport.raw), true)
  }
}

function tellTrace(trace: TraceIds, { traceNumber }: CallSlot, headers: string[]): void {
  headers[headers.length - 1] = trace.header(traceNumber)
}
