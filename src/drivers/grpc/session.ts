import { Buffer } from 'node:buffer'
import { type ChannelOptions, type Client, connectivityState, type Metadata } from '@grpc/grpc-js'
import type { GrpcCodec } from '../../dialects/grpc-face.ts'
import type { Target } from '../../plan/plan.ts'
import {
  type ByteCounts,
  type CallKind,
  type CallSlot,
  type Credentials,
  type Driver,
  type DriverOptions,
  failure,
  type Outcome,
  type Session,
  type SessionProbe,
  type StandingSession,
  type StreamingSession,
} from '../driver.ts'
import type { TraceIds } from '../trace.ts'
import { type ConnectOptions, connectOptions, socketBytes, within } from '../transport/connect.ts'
import { closedOutcome } from '../transport/errors.ts'
import { channelOptions, metadataOf } from './channel.ts'
import { type GrpcConnection, mostStreamsOf, openConnection } from './connection.ts'
import { Exchange } from './exchange.ts'
import { holdStream } from './held-stream.ts'
import type { GrpcOptions } from './options.ts'
import type { Loss } from './outcome.ts'

/** Turns of the event loop after which Node has closed the socket of an HTTP/2 session that was lost. */
const SOCKET_CLOSED_TURNS = 3

const GONE_AWAY = failure('connection', 'h2.goaway', '', 'the server sent GOAWAY')

/** Everything about a call that is the same for every one. */
export interface CallTemplate {
  kind: CallKind
  /** `/package.Service/Method` */
  path: string
  /** As it is with the credentials of this moment. */
  readonly metadata: Metadata
  codec: GrpcCodec
  /** Calls at once on a connection, as far as the server takes them. */
  mostCalls: number
  trace: TraceIds | null
}

export class GrpcDriver implements Driver {
  readonly #options: ConnectOptions
  readonly #channelOptions: ChannelOptions
  readonly #template: CallTemplate
  readonly #holdsStream: boolean

  constructor({ target, credentials, codec, timeouts, trace }: DriverOptions<GrpcCodec>, kind: CallKind) {
    this.#options = connectOptions(target, 'h2', timeouts.connectMs)
    this.#channelOptions = channelOptions(target)
    this.#holdsStream = kind === 'server-stream' && target.api === 'raw'
    const metadata = currentMetadata(credentials, target)
    this.#template = {
      kind,
      path: new URL(target.url).pathname,
      get metadata() {
        return metadata()
      },
      codec,
      mostCalls: (target.options as unknown as GrpcOptions).calls_per_connection,
      trace,
    }
  }

  async open(probe: SessionProbe, signal: AbortSignal): Promise<Session> {
    const connection = await openConnection(this.#options, this.#channelOptions, probe, signal)
    return new GrpcSession(connection, this.#template, probe)
  }

  /** Of an API that names no methods, a stream from the server is one that stays open, such as a watch. */
  hold(probe: SessionProbe, signal: AbortSignal): Promise<StandingSession> {
    if (!this.#holdsStream) return this.open(probe, signal)
    return within(this.#options.timeoutMs, signal, async (either) => {
      const connection = await openConnection(this.#options, this.#channelOptions, probe, either)
      return holdStream(connection, this.#template, probe, either)
    })
  }

  async close(): Promise<void> {}
}

/** Made anew only when a token is renewed. */
function currentMetadata(credentials: Credentials, target: Target): () => Metadata {
  let metadata = metadataOf(credentials, target)
  let { version } = credentials
  return () => {
    if (version !== credentials.version) {
      version = credentials.version
      metadata = metadataOf(credentials, target)
    }
    return metadata
  }
}

/** One HTTP/2 connection with a grpc-js client of its own. */
export class GrpcSession implements StreamingSession {
  readonly client: Client
  readonly template: CallTemplate
  readonly #raw: GrpcConnection['raw']
  readonly #probe: SessionProbe
  readonly #idle: Exchange[] = []
  readonly #mostCalls: number
  #open = 0
  #errorCode = ''
  #isGoingAway = false
  #isOver = false
  #isClosed = false

  constructor({ client, raw }: GrpcConnection, template: CallTemplate, probe: SessionProbe) {
    this.client = client
    this.template = template
    this.#raw = raw
    this.#mostCalls = Math.min(template.mostCalls, mostStreamsOf(client))
    this.#probe = probe
    raw.on('error', (error: NodeJS.ErrnoException) => {
      this.#errorCode = error.code ?? ''
    })
    raw.once('close', () => this.#lose())
    // A channel leaves READY when its connection is lost, and when GOAWAY came: then the socket stands for a while.
    client.getChannel().watchConnectivityState(connectivityState.READY, Number.POSITIVE_INFINITY, () => {
      this.#lose()
      afterTurns(SOCKET_CLOSED_TURNS, () => {
        this.#isGoingAway = !raw.destroyed
      })
    })
  }

  /** What is known of the connection's end by now. */
  get loss(): Loss {
    const isClosed = this.#raw.destroyed
    const isOver = this.#isOver || isClosed
    return { isOver, isGoingAway: this.#isGoingAway, code: this.#errorCode }
  }

  capacity(): number {
    return this.#isOver ? 0 : this.#mostCalls - this.#open
  }

  start(call: CallSlot): void {
    this.#open++
    const exchange = this.#idle.pop() ?? new Exchange(this)
    call.state = exchange
    const { codec } = this.template
    let message: Buffer
    try {
      message = bufferOf(codec.encodeMessage())
      call.encoded(message.byteLength, codec.payloadBytes)
    } catch (error) {
      exchange.begin(call)
      this.finished(exchange)
      call.end(failure('request', 'encode', '', (error as Error).message))
      return
    }
    exchange.begin(call)
    exchange.send(message)
  }

  send(call: CallSlot): boolean {
    const exchange = call.state as Exchange
    if (exchange.call !== call) return true
    const { codec } = this.template
    const message = bufferOf(codec.encodeMessage())
    call.encoded(message.byteLength, codec.payloadBytes)
    return exchange.sendMore(message)
  }

  finish(call: CallSlot): void {
    const exchange = call.state as Exchange
    if (exchange.call === call) exchange.finish()
  }

  pause(call: CallSlot, on: boolean): void {
    const exchange = call.state as Exchange
    if (exchange.call === call) exchange.pause(on)
  }

  cancel(call: CallSlot): void {
    const exchange = call.state as Exchange
    if (exchange.call !== call) return
    exchange.call = null
    this.#ended()
    exchange.abort()
  }

  /** The exchange's call is over, and nothing more will be told of it: it may carry the next one. */
  finished(exchange: Exchange): void {
    exchange.call = null
    this.#idle.push(exchange)
    this.#ended()
  }

  /** The exchange's call is over before grpc-js said so; what it still says is ignored. */
  givenUp(exchange: Exchange, outcome: Outcome): void {
    const { call } = exchange
    if (!call) return
    this.cancel(call)
    call.end(outcome)
  }

  /** No further call may start here: the connection ends with the calls that are under way. */
  doom(): void {
    this.#lose()
  }

  wireBytes(into: ByteCounts): void {
    socketBytes(this.#raw, into)
  }

  close(): void {
    this.#isOver = true
    this.#isClosed = true
    this.client.close()
    this.#raw.destroy()
  }

  #ended(): void {
    this.#open--
    if (this.#isOver && this.#open === 0) this.#tellLoss()
  }

  #lose(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#open === 0) this.#tellLoss()
  }

  /** After the last call has been told how it ended. */
  #tellLoss(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    // By then it is known whether the socket still stands.
    afterTurns(SOCKET_CLOSED_TURNS + 1, () => {
      const ending = this.#isGoingAway ? GONE_AWAY : closedOutcome(this.#raw)
      this.client.close()
      this.#raw.destroy()
      this.#probe.lost(ending, true)
    })
  }
}

function afterTurns(turns: number, run: () => void): void {
  if (turns === 0) run()
  else setImmediate(afterTurns, turns - 1, run)
}

/** grpc-js wants a Buffer; what an encoder made is seldom anything else. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
