import { type Content, clearContent, newContent } from '../../dialects/dialect.ts'
import { durationOf } from '../../dialects/json.ts'
import type { McpProgress, McpResult } from '../../dialects/mcp-face.ts'
import { type CallSlot, failure, SUCCESS } from '../driver.ts'
import { requestOutcome } from '../http/outcome.ts'
import type { RetryAfter } from '../retry-after.ts'
import { readServerTiming } from '../server-timing.ts'
import { TRACEPARENT, type TraceIds } from '../trace.ts'
import { EXCHANGE } from './channel.ts'
import { NO_TIMEOUT_MS } from './options.ts'
import { type RpcError, SAMPLE_CHARACTERS, thrownOutcome } from './outcome.ts'
import type { RequestOptions } from './sdk.ts'
import type { McpSession } from './session.ts'

/** What the SDK and the channel tell of one call at a time. Pooled by its session, like the call slots. */
export class Exchange {
  call: CallSlot | null = null
  /** Counts the calls that it has carried. */
  generation = 0
  /** The id of its request, and the token of its progress. */
  id = -1
  /** Its call's reader makes a pause. */
  isPaused = false
  /** What the server is told of its trace; empty for nothing. */
  traceparent = ''
  /** The status of an HTTP reply; 0 where there is none. */
  statusCode = 0
  /** The wait that an HTTP reply asked for. */
  retryAfter: RetryAfter | undefined = undefined
  /** The error that the server answered with. */
  rpcError: RpcError | null = null
  /** The reply's `Server-Timing` header. */
  serverTiming: string | undefined = undefined
  readonly #session: McpSession
  readonly #params: Record<string | symbol, unknown>
  readonly #options: RequestOptions
  readonly #content: Content = newContent()
  readonly #timing = { queueMs: Number.NaN, computeMs: Number.NaN }
  #giveUp: AbortController | null = null
  #isAnswered = false
  #hasArrived = false
  #hadContent = false

  constructor(session: McpSession) {
    this.#session = session
    const { tool, codec, kind } = session.template
    this.#params = tool === '' ? {} : { name: tool, arguments: codec.arguments }
    this.#params[EXCHANGE] = this
    this.#options = { timeout: NO_TIMEOUT_MS }
    // Only for its token: the notifications are taken before the SDK gets them.
    if (kind === 'server-stream') this.#options.onprogress = ignore
  }

  begin(call: CallSlot): void {
    this.call = call
    this.generation++
    this.id = -1
    this.statusCode = 0
    this.retryAfter = undefined
    this.rpcError = null
    this.serverTiming = undefined
    this.#isAnswered = false
    this.#hasArrived = false
    this.#hadContent = false
    const giveUp = new AbortController()
    this.#giveUp = giveUp
    this.#options.signal = giveUp.signal
    const { client, template } = this.#session
    const { trace } = template
    if (trace !== null) this.#tellTrace(trace, call)
    const result =
      template.tool === ''
        ? client.list(this.#params, this.#options)
        : client.call(this.#params, this.#options)
    result.then(this.#onResult, this.#onError)
  }

  #tellTrace(trace: TraceIds, call: CallSlot): void {
    call.traceNumber = trace.next()
    this.traceparent = trace.header(call.traceNumber)
    // Another one for each call: the SDK may still look at that of a call that was given up.
    this.#params._meta = { [TRACEPARENT]: this.traceparent }
  }

  /** Tells the SDK, and through it the server, that the reply is not wanted any more. */
  abort(): void {
    this.#giveUp?.abort('given up')
  }

  encoded(byteCount: number): void {
    this.call?.encoded(byteCount, this.#session.template.codec.payloadBytes)
  }

  /** The header of an HTTP reply is here. */
  replied(statusCode: number, retryAfter: RetryAfter | undefined, serverTiming: string | undefined): void {
    this.statusCode = statusCode
    this.retryAfter = retryAfter
    this.serverTiming = serverTiming
    this.#hasArrived = true
    this.call?.firstByte()
  }

  /** A piece of the reply came out of the socket, or a line out of the pipe. */
  received(): void {
    const { call } = this
    if (!call) return
    if (!this.#hasArrived) {
      this.#hasArrived = true
      call.firstByte()
    }
    call.received()
    // It may be the last one.
    call.lastByte()
  }

  progress(params: McpProgress): void {
    const { call } = this
    if (!call) return
    const content = this.#content
    clearContent(content)
    try {
      this.#session.template.codec.progress(params, content)
    } catch (error) {
      this.#session.giveUp(this, decodeFailure(error))
      return
    }
    if (content.payloadBytes > 0) this.#hadContent = true
    call.content(content.tokens, content.payloadBytes)
    call.decoded()
    if (content.totalTokens >= 0) call.tokens(content.totalTokens)
  }

  /** The connection was lost within the reply. */
  brokenOff(error: Error): void {
    if (this.call) this.#session.failed(this, requestOutcome(error, true))
  }

  /** The SDK was given the answer, and will tell what it makes of it. */
  answered(error: RpcError | null): void {
    this.#isAnswered = true
    this.rpcError = error
  }

  /** The reply is larger than what is kept of one. */
  tooLarge(mostBytes: number): void {
    const sample = `a reply of more than ${mostBytes} bytes`
    this.#session.giveUp(this, failure('response', 'decode', 'too_large', sample))
  }

  /** The reply has ended, and the SDK has read it and told nothing but what it had to complain of. */
  unanswered(complaint: Error | null): void {
    if (!this.call || this.#isAnswered) return
    const sample = complaint?.message.slice(0, SAMPLE_CHARACTERS) ?? 'the reply ended without the result'
    this.#session.failed(this, failure('response', complaint ? 'mcp.parse' : 'mcp.truncated', '', sample))
  }

  readonly #onResult = (result: McpResult): void => {
    const { call } = this
    if (!call) return
    if (result.isError === true) {
      this.#session.finished(this)
      call.end(failure('response', 'mcp.tool_error', '', toolErrorSample(result)))
      return
    }
    const content = this.#content
    clearContent(content)
    try {
      this.#session.template.codec.result(result, this.#hadContent, content)
    } catch (error) {
      this.#session.finished(this)
      call.end(decodeFailure(error))
      return
    }
    call.content(content.tokens, content.payloadBytes)
    call.decoded()
    if (content.totalTokens >= 0) call.tokens(content.totalTokens)
    if (this.#readTiming(result)) call.server(this.#timing)
    this.#session.finished(this)
    call.end(SUCCESS)
  }

  /** What the server told of its own time: in a header, or in the result where the transport has none. */
  #readTiming({ _meta }: McpResult): boolean {
    if (this.serverTiming !== undefined) return readServerTiming(this.serverTiming, this.#timing)
    const told = _meta?.['infer-bench/timing'] as { queue_ms?: unknown; compute_ms?: unknown } | undefined
    if (told === undefined || told === null) return false
    this.#timing.queueMs = durationOf(told.queue_ms)
    this.#timing.computeMs = durationOf(told.compute_ms)
    return true
  }

  readonly #onError = (error: unknown): void => {
    const { call } = this
    if (!call) return
    this.#session.failed(this, thrownOutcome('response', error, this))
  }
}

function decodeFailure(error: unknown) {
  return failure('response', 'decode', '', (error as Error).message.slice(0, SAMPLE_CHARACTERS))
}

function toolErrorSample({ content }: McpResult): string {
  const text = Array.isArray(content) ? content.find((item) => item?.type === 'text')?.text : undefined
  const told = typeof text === 'string' ? text.slice(0, SAMPLE_CHARACTERS) : ''
  return told || 'the tool failed without a word'
}

function ignore(): void {}
