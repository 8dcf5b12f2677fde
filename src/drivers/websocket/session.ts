import type { WebSocket } from 'ws'
import {
  clearReply,
  newReply,
  type WebSocketCodec,
  type WebSocketReply,
} from '../../dialects/websocket-face.ts'
import {
  type ByteCounts,
  type CallKind,
  type CallSlot,
  failure,
  type Outcome,
  type SessionProbe,
  type StreamingSession,
  SUCCESS,
  streamsReply,
} from '../driver.ts'
import { socketBytes, type Transport } from '../transport/connect.ts'
import { Exchange } from './exchange.ts'
import { type Ending, endingOutcome, isOrdinary, SAMPLE_CHARACTERS } from './outcome.ts'

/** A connection that is no longer wanted. */
const NORMAL = 1000
const TEXT = { binary: false }
const BINARY = { binary: true }

/** Everything about a call that is the same for every one. */
export interface CallTemplate {
  kind: CallKind
  codec: WebSocketCodec
  callsPerConnection: number
}

/** One WebSocket connection with many calls on it. */
export class WebSocketSession implements StreamingSession {
  readonly #ws: WebSocket
  readonly #transport: Transport
  readonly #template: CallTemplate
  readonly #probe: SessionProbe
  readonly #streams: boolean
  readonly #frame: { binary: boolean }
  readonly #reply: WebSocketReply = newReply()
  readonly #exchanges: Exchange[] = []
  readonly #idle: Exchange[] = []
  /** Where replies come in the order of the calls: those that wait for one, given up ones included. */
  readonly #sent: Exchange[] = []
  #open = 0
  #isOver = false
  #isClosed = false
  #error: NodeJS.ErrnoException | null = null

  constructor(ws: WebSocket, transport: Transport, template: CallTemplate, probe: SessionProbe) {
    this.#ws = ws
    this.#transport = transport
    this.#template = template
    this.#probe = probe
    this.#streams = streamsReply(template.kind)
    this.#frame = template.codec.isBinary ? BINARY : TEXT
    ws.on('message', this.#onMessage)
    ws.on('error', (error) => {
      this.#error = error
      // The library has told the server what is wrong; nobody needs to wait for its answer.
      ws.terminate()
    })
    ws.once('close', (code, reason) => this.#lose({ code, reason: reason.toString(), error: this.#error }))
  }

  capacity(): number {
    const isOpen = !this.#isOver && this.#ws.readyState === this.#ws.OPEN
    return isOpen ? this.#template.callsPerConnection - this.#open : 0
  }

  start(call: CallSlot): void {
    const exchange = this.#idle.pop() ?? this.#newExchange()
    exchange.begin(call)
    call.state = exchange
    this.#open++
    const { codec } = this.#template
    let message: Uint8Array
    try {
      message = codec.encode(exchange.id)
      call.encoded(message.byteLength, codec.payloadBytes)
    } catch (error) {
      this.#free(exchange)
      call.end(failure('request', 'encode', '', (error as Error).message))
      return
    }
    if (codec.callOf === null) this.#sent.push(exchange)
    exchange.send(this.#ws, message, this.#frame)
  }

  send(call: CallSlot): boolean {
    const exchange = call.state as Exchange
    if (exchange.call !== call) return true
    const { codec } = this.#template
    const message = codec.encode(exchange.id)
    call.encoded(message.byteLength, codec.payloadBytes)
    return exchange.send(this.#ws, message, this.#frame)
  }

  finish(call: CallSlot): void {
    const exchange = call.state as Exchange
    const { finish } = this.#template.codec
    if (exchange.call === call && finish) exchange.send(this.#ws, finish(exchange.id), TEXT)
  }

  cancel(call: CallSlot): void {
    const exchange = call.state as Exchange
    if (exchange.call !== call) return
    const { codec } = this.#template
    if (codec.cancel) exchange.send(this.#ws, codec.cancel(exchange.id), TEXT)
    if (codec.callOf !== null) {
      this.#free(exchange)
      return
    }
    // Its reply, or what is left of it, still comes before those of later calls: no further call may wait for it.
    exchange.call = null
    this.#open--
    this.#isOver = true
    if (this.#open === 0) this.#ws.terminate()
  }

  wireBytes(into: ByteCounts): void {
    socketBytes(this.#transport.raw, into)
  }

  close(): void {
    this.#isOver = true
    this.#isClosed = true
    this.#ws.close(NORMAL)
  }

  readonly #onMessage = (message: Buffer, isBinary: boolean): void => {
    let exchange: Exchange | null
    try {
      exchange = this.#exchangeOf(message, isBinary)
    } catch (error) {
      // Whose message it is cannot be told, and some call would wait for it in vain.
      this.#failAll(() => decodeOutcome(error))
      this.#ws.terminate()
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
      this.#free(exchange)
      call.end(refusedOutcome(reply))
      return
    }
    call.decoded(reply.tokens, reply.payloadBytes)
    if (reply.totalTokens >= 0) call.tokens(reply.totalTokens)
    if (!isLast) return
    if (this.#streams) call.lastByte()
    if (!Number.isNaN(reply.queueMs) || !Number.isNaN(reply.computeMs)) call.server(reply)
    this.#free(exchange)
    call.end(SUCCESS)
  }

  #exchangeOf(message: Buffer, isBinary: boolean): Exchange | null {
    const { codec, callsPerConnection } = this.#template
    if (codec.callOf === null) return this.#sent[0] ?? null
    const id = codec.callOf(message, isBinary)
    if (id < 0) {
      this.#aside(message, isBinary)
      return null
    }
    const exchange = this.#exchanges[id % callsPerConnection]
    // What still comes of a call that was given up names a call that is over.
    return exchange?.call && exchange.id === id ? exchange : null
  }

  /** An error that names no call is of one that was not answered yet; calls of a case are alike, so any will do. */
  #aside(message: Buffer, isBinary: boolean): void {
    const reply = this.#reply
    clearReply(reply)
    this.#template.codec.aside?.(message, isBinary, reply)
    if (reply.errorCode === '') return
    const call = this.#exchanges.find((exchange) => exchange.call && !exchange.hasReply)?.call
    if (call) this.#giveUp(call, refusedOutcome(reply))
  }

  #newExchange(): Exchange {
    const exchange = new Exchange(this.#exchanges.length, this.#template.callsPerConnection)
    this.#exchanges.push(exchange)
    return exchange
  }

  /** Its call is over; it may carry the next one. */
  #free(exchange: Exchange): void {
    exchange.call = null
    this.#open--
    this.#idle.push(exchange)
  }

  #giveUp(call: CallSlot, outcome: Outcome): void {
    this.cancel(call)
    call.end(outcome)
  }

  #failAll(outcomeOf: (hasReply: boolean) => Outcome): void {
    this.#isOver = true
    for (const exchange of this.#exchanges) {
      const { call, hasReply } = exchange
      if (!call) continue
      this.#free(exchange)
      call.end(outcomeOf(hasReply))
    }
  }

  #lose(ending: Ending): void {
    const isIdle = this.#open === 0 && !this.#isOver
    this.#failAll((hasReply) => endingOutcome(ending, hasReply))
    if (this.#isClosed) return
    this.#isClosed = true
    this.#probe.lost(isIdle && !isOrdinary(ending) ? endingOutcome(ending, false) : SUCCESS)
  }
}

function refusedOutcome({ errorCode, errorMessage }: WebSocketReply): Outcome {
  const sample = `the server says: ${errorMessage}`.slice(0, SAMPLE_CHARACTERS)
  return failure('response', 'ws.error', errorCode, sample)
}

function decodeOutcome(error: unknown): Outcome {
  return failure('response', 'decode', '', (error as Error).message.slice(0, SAMPLE_CHARACTERS))
}
