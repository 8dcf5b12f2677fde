import { clearReply, newReply, type WebSocketReply } from '../../dialects/websocket-face.ts'
import {
  type ByteCounts,
  type CallSlot,
  failure,
  OpenError,
  type Outcome,
  type ResumableSession,
  type SessionProbe,
  type StreamingSession,
  SUCCESS,
  streamsReply,
} from '../driver.ts'
import type { Exchange } from './exchange.ts'
import { Exchanges } from './exchanges.ts'
import type { Link, LinkOwner } from './link.ts'
import {
  decodeOutcome,
  type Ending,
  endingOutcome,
  isFinal,
  isOrdinary,
  isResumable,
  refusedOutcome,
} from './outcome.ts'
import type { CallTemplate } from './template.ts'

const TEXT = { binary: false }

/** Many calls on one WebSocket connection, or on one after the other. */
export class WebSocketSession implements StreamingSession, ResumableSession, LinkOwner {
  #link: Link
  /** Bytes of the connections before. */
  readonly #bytesBefore: ByteCounts = { read: 0, written: 0 }
  /** What the server knows the session by; empty where it has not told. */
  #name = ''
  /** The connection is lost, and another one is awaited. */
  #isBroken = false
  readonly #template: CallTemplate
  readonly #probe: SessionProbe
  readonly #streams: boolean
  readonly #frame: { binary: boolean }
  readonly #reply: WebSocketReply = newReply()
  readonly #exchanges: Exchanges
  /** Where replies come in the order of the calls: those that wait for one, given up ones included. */
  readonly #sent: Exchange[] = []
  #isOver = false
  #isClosed = false

  constructor(link: Link, template: CallTemplate, probe: SessionProbe) {
    this.#link = link
    this.#template = template
    this.#probe = probe
    this.#streams = streamsReply(template.kind)
    this.#exchanges = new Exchanges(template.callsPerConnection, (on) => this.#link.read(on))
    this.#frame = template.codec.isBinary ? { binary: true } : TEXT
    this.#attach()
  }

  capacity(): number {
    const isOpen = !this.#isOver && !this.#isBroken && this.#link.isOpen
    return isOpen ? this.#template.callsPerConnection - this.#exchanges.open : 0
  }

  start(call: CallSlot): void {
    const exchange = this.#exchanges.begin(call)
    call.traceNumber = this.#link.traceNumber
    const { codec } = this.#template
    let message: Uint8Array
    try {
      message = codec.encode(exchange.id)
      call.encoded(message.byteLength, codec.payloadBytes)
    } catch (error) {
      this.#exchanges.free(exchange)
      call.end(failure('request', 'encode', '', (error as Error).message))
      return
    }
    if (codec.callOf === null) this.#sent.push(exchange)
    exchange.send(this.#link.ws, message, this.#frame)
  }

  send(call: CallSlot): boolean {
    const exchange = call.state as Exchange
    if (exchange.call !== call) return true
    const { codec } = this.#template
    const message = codec.encode(exchange.id)
    call.encoded(message.byteLength, codec.payloadBytes)
    return exchange.send(this.#link.ws, message, this.#frame)
  }

  finish(call: CallSlot): void {
    const exchange = call.state as Exchange
    const { finish } = this.#template.codec
    if (exchange.call === call && finish) exchange.send(this.#link.ws, finish(exchange.id), TEXT)
  }

  pause(call: CallSlot, on: boolean): void {
    const exchange = call.state as Exchange
    if (exchange.call === call) this.#exchanges.pause(exchange, on)
  }

  cancel(call: CallSlot): void {
    const exchange = call.state as Exchange
    if (exchange.call !== call) return
    const { codec } = this.#template
    if (this.#isBroken) {
      this.#exchanges.free(exchange)
      // Nothing is left that another connection would be needed for.
      if (this.#exchanges.open === 0) this.#end(SUCCESS, true)
      return
    }
    if (codec.cancel) exchange.send(this.#link.ws, codec.cancel(exchange.id), TEXT)
    if (codec.callOf !== null) {
      this.#exchanges.free(exchange)
      return
    }
    // Its reply, or what is left of it, still comes before those of later calls: no further call may wait for it.
    this.#exchanges.end(exchange)
    this.#isOver = true
    if (this.#exchanges.open === 0) this.#link.terminate()
  }

  wireBytes(into: ByteCounts): void {
    this.#link.wireBytes(into)
    into.read += this.#bytesBefore.read
    into.written += this.#bytesBefore.written
  }

  close(): void {
    this.#isOver = true
    this.#isClosed = true
    this.#link.close()
  }

  async reopen(signal: AbortSignal): Promise<void> {
    const { resume, connect } = this.#template
    try {
      await connect(resume!.query(this.#name), this.#probe, signal, (link) => this.#moveTo(link))
    } catch (error) {
      if (error instanceof OpenError && isFinal(error.outcome)) {
        this.#failAll(() => error.outcome)
        this.#end(error.outcome, true)
      }
      throw error
    }
  }

  #attach(): void {
    const { pingIntervalMs } = this.#template
    this.#link.listen(this)
    if (pingIntervalMs !== null) this.#link.pingEvery(pingIntervalMs, this.#probe)
  }

  /** Another connection stands: each stream that is open is asked for from where it is. */
  #moveTo(link: Link): void {
    if (this.#isOver) {
      link.close()
      return
    }
    const { read, written } = this.#bytesBefore
    this.#link.wireBytes(this.#bytesBefore)
    this.#bytesBefore.read += read
    this.#bytesBefore.written += written
    this.#link = link
    this.#isBroken = false
    this.#attach()
    if (this.#exchanges.arePaused) link.read(false)
    for (const exchange of this.#exchanges.calling) {
      exchange.moved()
      link.ws.send(this.#template.resume!.message(exchange.id, exchange.last), TEXT)
    }
  }

  message(message: Buffer, isBinary: boolean): void {
    let exchange: Exchange | null
    try {
      exchange = this.#exchangeOf(message, isBinary)
    } catch (error) {
      // Whose message it is cannot be told, and some call would wait for it in vain.
      this.#failAll(() => decodeOutcome(error))
      this.#link.terminate()
      return
    }
    if (!exchange) return
    const { call } = exchange
    if (call) {
      if (!exchange.hasReply) {
        exchange.hasReply = true
        call.firstByte()
      }
      if (this.#streams) call.received()
      else call.lastByte()
    }
    this.#read(exchange, call, message, isBinary)
  }

  /** `call`: null where it was given up and only the end of its reply matters. */
  #read(exchange: Exchange, call: CallSlot | null, message: Buffer, isBinary: boolean): void {
    const reply = this.#reply
    clearReply(reply)
    try {
      this.#template.codec.read(message, isBinary, reply)
    } catch (error) {
      if (call) this.#giveUp(call, decodeOutcome(error))
      return
    }
    const isLast = !this.#streams || reply.done
    if (isLast && this.#sent[0] === exchange) this.#sent.shift()
    if (!call) return
    if (reply.errorCode !== '') {
      this.#exchanges.free(exchange)
      call.end(refusedOutcome(reply))
      return
    }
    if (reply.index >= 0) exchange.last = reply.index
    call.content(reply.tokens, reply.payloadBytes)
    call.decoded()
    if (reply.totalTokens >= 0) call.tokens(reply.totalTokens)
    if (!isLast) return
    if (this.#streams) call.lastByte()
    if (!Number.isNaN(reply.queueMs) || !Number.isNaN(reply.computeMs)) call.server(reply)
    this.#exchanges.free(exchange)
    call.end(SUCCESS)
  }

  #exchangeOf(message: Buffer, isBinary: boolean): Exchange | null {
    const { codec } = this.#template
    if (codec.callOf === null) return this.#sent[0] ?? null
    const id = codec.callOf(message, isBinary)
    if (id < 0) {
      this.#aside(message, isBinary)
      return null
    }
    // What still comes of a call that was given up names a call that is over.
    return this.#exchanges.withId(id)
  }

  /** What the session is; or an error. One that names no call is of one that was not answered yet; calls of a case are alike, so any will do. */
  #aside(message: Buffer, isBinary: boolean): void {
    const reply = this.#reply
    clearReply(reply)
    this.#template.codec.aside?.(message, isBinary, reply)
    if (reply.session !== '') this.#name = reply.session
    if (reply.isResumed) this.#probe.resumed()
    if (reply.errorCode === '') return
    const call = this.#exchanges.calling.find(({ hasReply }) => !hasReply)?.call
    if (call) this.#giveUp(call, refusedOutcome(reply))
  }

  #giveUp(call: CallSlot, outcome: Outcome): void {
    this.cancel(call)
    call.end(outcome)
  }

  #failAll(outcomeOf: (hasReply: boolean) => Outcome): void {
    this.#isOver = true
    for (const exchange of this.#exchanges.calling) {
      const { call, hasReply } = exchange
      if (!call) continue
      this.#exchanges.free(exchange)
      call.end(outcomeOf(hasReply))
    }
  }

  lost(ending: Ending): void {
    if (this.#canGoOn(ending)) {
      this.#isBroken = true
      this.#probe.broken(0)
      return
    }
    const isIdle = this.#exchanges.open === 0 && !this.#isOver
    this.#failAll((hasReply) => endingOutcome(ending, hasReply))
    this.#end(endingOutcome(ending, false), !isIdle || isOrdinary(ending))
  }

  /** Servers keep what they stream for a while; a call with one reply is given up with its connection. */
  #canGoOn(ending: Ending): boolean {
    const canResume = this.#template.resume !== null && this.#name !== '' && !this.#isOver
    return canResume && this.#streams && this.#exchanges.open > 0 && isResumable(ending)
  }

  /** It takes no more calls. */
  #end(ending: Outcome, isTold: boolean): void {
    if (this.#isClosed) return
    this.#isOver = true
    this.#isClosed = true
    this.#probe.lost(ending, isTold)
  }
}
