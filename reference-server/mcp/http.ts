import type { OutgoingHttpHeaders } from 'node:http'
import { Admission } from '../admission.ts'
import { HttpError } from '../http/errors.ts'
import { EventStream } from '../http/event-stream.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Convention } from '../http/router.ts'
import { serverTiming } from '../http/server-timing.ts'
import type { Service } from '../service.ts'
import { type Answer, Dispatcher } from './dispatcher.ts'
import { checkHeaders } from './headers.ts'
import type { McpOptions } from './options.ts'
import { type Progress, progressOf } from './progress.ts'
import { agreedRevision, claimedRevision, type Era } from './revisions.ts'
import {
  errorMessage,
  invalidRequest,
  type RpcMessage,
  type RpcRequest,
  readMessage,
  rpcErrorOf,
} from './rpc.ts'
import { type McpSession, McpSessions } from './sessions.ts'
import { slowReader, type ToolScope } from './tools.ts'

const mcpPath = '/mcp'
const sessionHeader = 'mcp-session-id'

/** MCP over Streamable HTTP: one endpoint, a message of the client in every POST. */
export class McpHttp {
  readonly convention: Convention
  readonly #dispatcher: Dispatcher
  readonly #sessions: McpSessions
  readonly #admission: Admission

  constructor(service: Service, listensOn: string, options: McpOptions) {
    this.#dispatcher = new Dispatcher(service)
    this.#sessions = new McpSessions(service, options)
    this.#admission = new Admission(listensOn, options)
    this.convention = {
      prefix: mcpPath,
      interfaceName: 'mcp',
      errorBody: (error) => errorMessage(null, rpcErrorOf(error)),
      routes: [
        { method: 'POST', path: mcpPath, handler: (exchange) => this.#post(exchange) },
        { method: 'DELETE', path: mcpPath, handler: (exchange) => this.#delete(exchange) },
      ],
    }
  }

  close(): void {
    this.#sessions.close()
  }

  async #post(exchange: Exchange): Promise<void> {
    this.#admission.check(exchange.request)
    checkMedia(exchange)
    const bytes = await exchange.body()
    let message: RpcMessage | null = null
    try {
      message = readMessage(bytes)
      await this.#take(exchange, message, bytes)
    } catch (error) {
      reply(exchange, this.#dispatcher.refuse(message?.kind === 'request' ? message.id : null, error))
    }
  }

  #take(exchange: Exchange, message: RpcMessage, bytes: Buffer): Promise<void> | void {
    if (message.kind === 'reply') throw invalidRequest('this server has asked nothing')
    const revision = claimedRevision(message.params)
    checkHeaders(exchange.request.headers, message, revision)
    if (revision !== null) {
      if (message.kind === 'request') return this.#run(exchange, message, bytes, 'stateless', null)
      // Over HTTP, who gives up a call of this revision closes its response; nothing is left to be told.
      return accept(exchange)
    }
    if (message.kind === 'request' && message.method === 'initialize')
      return this.#initialize(exchange, message)
    const session = this.#session(exchange)
    if (message.kind === 'request') return this.#run(exchange, message, bytes, 'session', session)
    session.calls.take(message)
    accept(exchange)
  }

  #initialize(exchange: Exchange, request: RpcRequest): void {
    const revision = agreedRevision(request.params.protocolVersion)
    const answer = this.#dispatcher.initialized(request, revision)
    reply(exchange, answer, answer.isError ? {} : { [sessionHeader]: this.#sessions.begin(revision).id })
  }

  /** @throws HttpError 400 for a request that names no session, 404 for one whose session is over. */
  #session(exchange: Exchange): McpSession {
    const id = exchange.request.headers[sessionHeader]
    if (typeof id !== 'string') {
      throw new HttpError(
        400,
        'invalid_request',
        `a request after initialize has the header ${sessionHeader}`,
      )
    }
    const session = this.#sessions.use(id)
    if (session) return session
    throw new HttpError(404, 'session_not_found', 'there is no such session, or no longer')
  }

  async #run(
    exchange: Exchange,
    request: RpcRequest,
    bytes: Buffer,
    era: Era,
    session: McpSession | null,
  ): Promise<void> {
    const progress = progressOf(request)
    const run = new HttpCall(exchange, bytes, progress)
    session?.calls.add(request.id, run)
    const answer = await this.#dispatcher.answer(request, era, run)
    if (session) {
      session.calls.delete(request.id)
      session.usedMs = performance.now()
    }
    await run.end(answer)
  }

  #delete(exchange: Exchange): void {
    this.#admission.check(exchange.request)
    this.#sessions.end(this.#session(exchange))
    exchange.reply(204, {}, '')
  }
}

/** A request while it runs: its tokens become events of a stream, if their progress is asked for. */
class HttpCall implements ToolScope {
  readonly bytes: Buffer
  readonly #exchange: Exchange
  readonly #stream: EventStream | null = null
  #isOpen = false
  #isCancelled = false
  #isTooSlow = false

  constructor(exchange: Exchange, bytes: Buffer, progress: Progress | null) {
    this.#exchange = exchange
    this.bytes = bytes
    if (!progress) return
    const onOverflow = (): void => {
      this.#isTooSlow = true
    }
    this.#stream = new EventStream(exchange, (text) => event(progress.message(text)), onOverflow)
  }

  get signal(): AbortSignal {
    return this.#exchange.signal
  }

  onToken(text: string): void {
    if (!this.#stream) return
    if (!this.#isOpen) {
      this.#isOpen = true
      this.#stream.open(null)
    }
    this.#stream.token(text)
    if (this.#isTooSlow) throw slowReader()
  }

  cancel(): void {
    this.#isCancelled = true
    this.#exchange.abort()
  }

  async end(answer: Answer): Promise<void> {
    if (!this.#isOpen) {
      // Who has taken a request back waits for no answer to it.
      if (this.#isCancelled) accept(this.#exchange)
      else reply(this.#exchange, answer)
    } else {
      await this.#stream!.end(this.#isCancelled ? '' : event(answer.message), answer.timing)
    }
  }
}

function event(message: string): string {
  return `event: message\ndata: ${message}\n\n`
}

function accept(exchange: Exchange): void {
  exchange.reply(202, {}, '')
}

function reply(exchange: Exchange, answer: Answer, headers: OutgoingHttpHeaders = {}): void {
  Object.assign(headers, answer.headers)
  if (answer.timing) headers['server-timing'] = serverTiming(answer.timing)
  exchange.json(answer.message, headers, answer.status)
}

/** @throws HttpError 415 for a body that is not JSON, 406 for a client that cannot take both kinds of replies. */
function checkMedia({ request }: Exchange): void {
  const { 'content-type': type = '', accept: accepted } = request.headers
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new HttpError(415, 'unsupported_media_type', 'the content type must be application/json')
  }
  if (accepted === undefined || accepted.includes('*/*')) return
  if (accepted.includes('application/json') && accepted.includes('text/event-stream')) return
  const message = 'the client must accept both application/json and text/event-stream'
  throw new HttpError(406, 'not_acceptable', message)
}
