import type { Service } from '../service.ts'
import { full } from '../websocket/entrance.ts'
import { HttpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Convention } from './router.ts'

export interface SubscriptionOptions {
  /** Streams that stand at once. */
  subscriptions: number
  /** How often a comment says that the stream still stands: to the client, and to whatever is in between. */
  keepAliveMs: number
}

export const defaultSubscriptionOptions: SubscriptionOptions = { subscriptions: 4_096, keepAliveMs: 15_000 }

const path = '/events'
const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }
/** Reaches the client at once, which then knows that the stream stands. */
const opening = ': open\n\n'
const keepAlive = ': keep-alive\n\n'

/** Streams of events for clients that wait for what may come. This server has no news: they stand until either side leaves. */
export class Subscriptions {
  readonly convention: Convention
  readonly #service: Service
  readonly #options: SubscriptionOptions
  readonly #open = new Set<Exchange>()
  #timer: NodeJS.Timeout | undefined

  constructor(service: Service, options: SubscriptionOptions) {
    this.#service = service
    this.#options = options
    this.convention = {
      prefix: path,
      interfaceName: 'rest',
      errorBody: (error) => JSON.stringify({ error: error.message }),
      routes: [{ method: 'GET', path, handler: (exchange) => this.#subscribe(exchange) }],
    }
  }

  /** Ends every stream: none has anything left to say. */
  stop(): void {
    for (const { response } of this.#open) response.end()
  }

  #subscribe(exchange: Exchange): void {
    const { request, response } = exchange
    if (request.method === 'HEAD') {
      exchange.reply(200, { ...headers }, '')
      return
    }
    if (this.#service.stopping) throw new HttpError(503, 'stopping', 'the server stops')
    const { subscriptions, keepAliveMs } = this.#options
    if (this.#open.size >= subscriptions) throw full(subscriptions, 'sessions')
    exchange.becomeStream()
    response.writeHead(200, headers)
    response.write(opening)
    this.#open.add(exchange)
    this.#service.activeSessions++
    this.#timer ??= setInterval(() => this.#keepAlive(), keepAliveMs)
    response.once('close', () => this.#left(exchange))
  }

  #left(exchange: Exchange): void {
    this.#open.delete(exchange)
    this.#service.activeSessions--
    if (this.#open.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #keepAlive(): void {
    for (const { response } of this.#open) {
      // Who reads nothing is cut off for that; what it does not read must not pile up until then.
      if (!response.writableNeedDrain) response.write(keepAlive)
    }
  }
}
