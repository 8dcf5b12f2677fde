import { Calls } from './calls.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { McpOptions } from './options.ts'
import { type Progress, progressOf } from './progress.ts'
import { agreedRevision, claimedRevision, type Era } from './revisions.ts'
import { invalidRequest, RpcError, type RpcMessage, type RpcRequest, readMessage, rpcCodes } from './rpc.ts'
import { slowReader, type ToolScope } from './tools.ts'

/** What carries the messages of one client, both ways. */
export interface Wire {
  send(message: string): void
  /** What was sent and not yet taken by the client, in bytes. */
  readonly waitingBytes: number
  /** Whether the client's calls in flight are so much that no more should be read for now. */
  isLoaded: boolean
}

/** One client on a connection of its own: its messages as they come, in either era. */
export class Conversation {
  readonly #dispatcher: Dispatcher
  readonly #options: McpOptions
  readonly #wire: Wire
  readonly #calls = new Calls()
  #isInitialized = false
  /** Bytes of the messages of the calls in flight. */
  #loadBytes = 0
  #onIdle: (() => void) | null = null

  constructor(dispatcher: Dispatcher, options: McpOptions, wire: Wire) {
    this.#dispatcher = dispatcher
    this.#options = options
    this.#wire = wire
  }

  get isIdle(): boolean {
    return this.#calls.size === 0
  }

  /** Resolves once no call is in flight. */
  async idle(): Promise<void> {
    if (this.isIdle) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }

  receive(bytes: Buffer): void {
    let message: RpcMessage | null = null
    try {
      message = readMessage(bytes)
      this.#take(message, bytes)
    } catch (error) {
      this.refuse(message?.kind === 'request' ? message.id : null, error)
    }
  }

  /** @param id Null for a message that has none which can be read. */
  refuse(id: RpcRequest['id'] | null, error: unknown): void {
    const { message, status } = this.#dispatcher.refuse(id, error)
    this.#wire.send(message)
    this.#count(status)
  }

  /** Gives up every call: there is nobody left to be answered. */
  end(): void {
    this.#calls.cancelAll()
  }

  #take(message: RpcMessage, bytes: Buffer): void {
    if (message.kind === 'notification') this.#calls.take(message)
    // A reply is never replied to, not even one to a question that nobody asked.
    if (message.kind !== 'request') return
    if (claimedRevision(message.params) !== null) this.#run(message, bytes, 'stateless')
    else if (message.method === 'initialize') this.#initialize(message)
    else if (this.#isInitialized || message.method === 'ping') this.#run(message, bytes, 'session')
    else throw invalidRequest('initialize comes first')
  }

  #initialize(request: RpcRequest): void {
    if (this.#isInitialized) throw invalidRequest('this connection was initialized already')
    const revision = agreedRevision(request.params.protocolVersion)
    const { message, status, isError } = this.#dispatcher.initialized(request, revision)
    this.#isInitialized = !isError
    this.#wire.send(message)
    this.#count(status)
  }

  #run(request: RpcRequest, bytes: Buffer, era: Era): void {
    const { connectionCalls } = this.#options
    if (this.#calls.size >= connectionCalls) {
      const message = `${connectionCalls} calls are in flight on this connection, which is this server's limit`
      throw new RpcError(rpcCodes.internalError, message, 503)
    }
    const { streamBufferBytes } = this.#dispatcher.service.limits
    const call = new WireCall(this.#wire, bytes, progressOf(request), streamBufferBytes)
    this.#calls.add(request.id, call)
    this.#addLoad(bytes.length)
    void this.#dispatcher.answer(request, era, call).then(({ message, status }) => {
      this.#calls.delete(request.id)
      this.#addLoad(-bytes.length)
      // Who has taken a request back waits for no answer to it.
      if (!call.signal.aborted) this.#wire.send(message)
      this.#count(call.signal.aborted ? 499 : status)
      if (this.isIdle) this.#onIdle?.()
    })
  }

  #addLoad(byteCount: number): void {
    this.#loadBytes += byteCount
    this.#wire.isLoaded = this.#loadBytes > this.#dispatcher.service.limits.bodyBytes
  }

  #count(status: number): void {
    this.#dispatcher.service.countRequest('mcp', status)
  }
}

/** A request while it runs. */
class WireCall implements ToolScope {
  readonly bytes: Buffer
  readonly #wire: Wire
  readonly #progress: Progress | null
  readonly #mostWaitingBytes: number
  readonly #abort = new AbortController()

  constructor(wire: Wire, bytes: Buffer, progress: Progress | null, mostWaitingBytes: number) {
    this.#wire = wire
    this.bytes = bytes
    this.#progress = progress
    this.#mostWaitingBytes = mostWaitingBytes
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  onToken(text: string): void {
    if (!this.#progress) return
    this.#wire.send(this.#progress.message(text))
    if (this.#wire.waitingBytes > this.#mostWaitingBytes) throw slowReader()
  }

  cancel(): void {
    this.#abort.abort()
  }
}
