import type { McpCodec, McpProgress } from '../../dialects/mcp-face.ts'
import {
  type ByteCounts,
  type CallKind,
  type CallSlot,
  failure,
  type Outcome,
  type Session,
  type SessionProbe,
  SUCCESS,
} from '../driver.ts'
import type { TraceIds } from '../trace.ts'
import { type Channel, type ChannelOwner, EXCHANGE, type Message } from './channel.ts'
import { Exchange } from './exchange.ts'
import { NO_TIMEOUT_MS } from './options.ts'
import { BROKEN_OFF, rpcOutcome, SAMPLE_CHARACTERS, thrownOutcome } from './outcome.ts'
import type { SdkClient } from './sdk.ts'

/** Everything about a call that is the same for every one. */
export interface CallTemplate {
  /** Empty: the tools are listed. */
  tool: string
  kind: CallKind
  codec: McpCodec
  trace: TraceIds | null
}

/** One session, with the SDK's client and what carries its messages. */
export class McpSession implements Session, ChannelOwner {
  readonly client: SdkClient
  readonly template: CallTemplate
  readonly #probe: SessionProbe
  readonly #ended: (ending: Promise<void>) => void
  readonly #idle: Exchange[] = []
  readonly #open = new Map<number, Exchange>()
  #channel: Channel | null = null
  #setupError: Message['error'] | null = null
  /** What the SDK has to say against the message that it is given. */
  #complaint: Error | null = null
  #starting = 0
  #lastId = -1
  #isReady = false
  /** The server knows nothing of the session any more. */
  #isForgotten = false
  #loss: Outcome | null = null
  #isClosed = false

  /** @param ended is told what is left to be done when the session ends. */
  constructor(
    client: SdkClient,
    template: CallTemplate,
    probe: SessionProbe,
    ended: (ending: Promise<void>) => void,
  ) {
    this.client = client
    this.template = template
    this.#probe = probe
    this.#ended = ended
    client.onComplaint((complaint) => {
      this.#complaint = complaint
    })
  }

  /** Opens the channel, and has the SDK make the session's own handshake over it. */
  async begin(open: () => Promise<Channel>): Promise<void> {
    const channel = await open()
    this.#channel = channel
    if (this.#loss) {
      // Given up in the meantime.
      this.#end()
      channel.began(false)
      return
    }
    try {
      await this.client.connect(channel, { timeout: NO_TIMEOUT_MS })
      this.#isReady = true
    } finally {
      channel.began(this.#isReady)
    }
  }

  /** Why the handshake failed. */
  setupOutcome(error: unknown): Outcome {
    const statusCode = this.#channel?.statusCode ?? 0
    const hasAnswer = statusCode >= 300 || this.#setupError
    if (!hasAnswer && this.#loss && !this.#loss.ok) return { ...this.#loss, phase: 'setup' }
    const retryAfter = this.#channel?.retryAfter
    return thrownOutcome('setup', error, { statusCode, rpcError: this.#setupError, retryAfter })
  }

  capacity(): number {
    return this.#loss ? 0 : this.#channel!.room(this.#open.size + this.#starting)
  }

  start(call: CallSlot): void {
    const exchange = this.#idle.pop() ?? new Exchange(this)
    call.state = exchange
    this.#starting++
    exchange.begin(call)
  }

  pause(call: CallSlot, on: boolean): void {
    const exchange = call.state as Exchange
    if (exchange.call === call) this.#pause(exchange, on)
  }

  cancel(call: CallSlot): void {
    const exchange = call.state as Exchange
    if (exchange.call !== call) return
    this.#drop(exchange)
    exchange.abort()
    this.#channel?.abort(exchange)
    this.#leaveIfForgotten()
  }

  /** The exchange's call is over, and nothing more will be told of it: it may carry the next one. */
  finished(exchange: Exchange): void {
    this.#drop(exchange)
    this.#channel?.settled()
    this.#idle.push(exchange)
    this.#leaveIfForgotten()
  }

  /** The exchange's call failed. The SDK may still tell something of it, which is ignored. */
  failed(exchange: Exchange, outcome: Outcome): void {
    const { call } = exchange
    if (!call) return
    this.#drop(exchange)
    const told = this.#knownOr(outcome)
    this.#leaveIfForgotten()
    call.end(told)
  }

  /** The exchange's call is over before the server said so. */
  giveUp(exchange: Exchange, outcome: Outcome): void {
    const { call } = exchange
    if (!call) return
    this.cancel(call)
    call.end(outcome)
  }

  wireBytes(into: ByteCounts): void {
    this.#channel?.wireBytes(into)
  }

  async check(signal: AbortSignal): Promise<Outcome> {
    const { client } = this
    // Without an id, the connection is the session.
    if (this.#channel?.sessionId === undefined || !client.ping) return SUCCESS
    // The SDK takes back what was answered long ago, should its signal be aborted then.
    const asking = new AbortController()
    const giveUp = () => asking.abort()
    signal.addEventListener('abort', giveUp)
    try {
      await client.ping({ timeout: NO_TIMEOUT_MS, signal: asking.signal })
      return SUCCESS
    } catch (error) {
      const { statusCode, retryAfter } = this.#channel
      return this.#knownOr(thrownOutcome('response', error, { statusCode, rpcError: null, retryAfter }))
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  close(): void {
    this.#loss ??= SUCCESS
    this.#end()
  }

  sending(message: Message): Exchange | null {
    const { id } = message
    if (typeof id === 'number' && message.method !== undefined && id > this.#lastId) this.#lastId = id
    const exchange = (message.params as Record<symbol, Exchange> | undefined)?.[EXCHANGE]
    if (!exchange?.call || exchange.id >= 0) return null
    this.#starting--
    exchange.id = id as number
    this.#open.set(exchange.id, exchange)
    return exchange
  }

  exchange(id: unknown): Exchange | null {
    // `Number` would make 0, which is an id, of much that is none.
    const asked = typeof id === 'string' && id !== '' ? Number(id) : id
    return typeof asked === 'number' ? (this.#open.get(asked) ?? null) : null
  }

  isAsked(): boolean {
    return this.#open.size > 0
  }

  arrived(message: Message): boolean {
    this.#complaint = null
    if (message.method === 'notifications/progress') {
      this.exchange(message.params?.progressToken)?.progress(message.params as McpProgress)
      return true
    }
    if (message.method === undefined) {
      if (this.#isReady) this.#reply(message)
      else this.#setupError = message.error ?? null
    }
    return false
  }

  /** An answer that is no answer, of JSON-RPC: the SDK would wait on for another one. */
  read({ id, method }: Message): void {
    if (this.#complaint === null || method !== undefined) return
    const sample = this.#complaint.message.slice(0, SAMPLE_CHARACTERS)
    const outcome = failure('response', 'mcp.parse', '', sample)
    const exchange = this.exchange(id)
    if (exchange) this.giveUp(exchange, outcome)
    else if (!this.#isReady && id === this.#lastId) {
      this.#setupError = null
      this.lost(outcome, false)
      this.#channel?.onclose?.()
    }
  }

  roomAgain(): void {
    this.#probe.capacityChanged()
  }

  lost(outcome: Outcome, isOrdinary: boolean): void {
    if (this.#loss) return
    this.#loss = outcome
    const isTold = this.#open.size > 0 || isOrdinary
    for (const exchange of [...this.#open.values()]) this.failed(exchange, outcome)
    if (!this.#isReady) return
    setImmediate(() => {
      this.#end()
      this.#probe.lost(outcome, isTold)
    })
  }

  /** Remembers what the SDK's error will not tell, and finds replies that answer nothing. */
  #reply({ id, error }: Message): void {
    const exchange = this.exchange(id)
    if (exchange) {
      exchange.answered(error ?? null)
      return
    }
    if (id === null || id === undefined) {
      // An error of what the server could not even read.
      const outcome = rpcOutcome('response', error ?? {})
      for (const one of [...this.#open.values()]) this.giveUp(one, outcome)
    } else if (!(Number.isInteger(id) && Number(id) <= this.#lastId)) {
      const outcome = failure(
        'response',
        'mcp.wrong_id',
        '',
        `the server answered ${JSON.stringify(id).slice(0, SAMPLE_CHARACTERS)}, which was not asked`,
      )
      for (const one of [...this.#open.values()]) this.giveUp(one, outcome)
    }
  }

  /** What failed, and that the server knows nothing of the session where it says so. */
  #knownOr(outcome: Outcome): Outcome {
    if (outcome.class !== 'http.404' || this.#channel?.sessionId === undefined) return outcome
    this.#channel.forget()
    this.#isForgotten = true
    return failure('response', 'mcp.session_lost', '404', outcome.sample)
  }

  #pause(exchange: Exchange, on: boolean): void {
    exchange.isPaused = on
    this.#channel?.pause(exchange, on)
  }

  #drop(exchange: Exchange): void {
    if (exchange.isPaused) this.#pause(exchange, false)
    exchange.call = null
    if (exchange.id >= 0) this.#open.delete(exchange.id)
    else this.#starting--
  }

  /** What the other calls ask is under way already: the server tells each of them for itself. */
  #leaveIfForgotten(): void {
    if (this.#isForgotten && this.#open.size + this.#starting === 0) this.lost(BROKEN_OFF, true)
  }

  #end(): void {
    if (this.#isClosed || !this.#channel) return
    this.#isClosed = true
    this.#ended(this.#channel.end())
  }
}
