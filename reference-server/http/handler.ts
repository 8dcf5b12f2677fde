import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Service } from '../service.ts'
import { anthropic } from './anthropic.ts'
import { HttpError, toHttpError } from './errors.ts'
import { Exchange } from './exchange.ts'
import { openInference } from './open-inference.ts'
import { openai } from './openai.ts'
import { operations } from './operations.ts'
import { type Convention, Router } from './router.ts'
import { tfServing } from './tf-serving.ts'

/** Answers every HTTP request, whatever it came over, and knows which ones are still open. */
export class RequestHandler {
  readonly #service: Service
  readonly #router: Router
  #openCount = 0
  #onIdle: (() => void) | null = null

  /** @param others Conventions of interfaces that keep something from one request to the next. */
  constructor(service: Service, others: Convention[]) {
    this.#service = service
    this.#router = new Router([openInference(), openai(), anthropic(), tfServing(), ...others, operations()])
  }

  /** Resolves once no request is open. New ones may come while it waits. */
  async idle(): Promise<void> {
    if (this.#openCount > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    }
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url!
    const query = url.indexOf('?')
    const path = query < 0 ? url : url.slice(0, query)
    this.#openCount++
    const convention = this.#router.convention(path)
    const exchange = new Exchange(this.#service, convention, request, response, () => {
      this.#openCount--
      if (this.#openCount === 0) this.#onIdle?.()
    })
    // Without a listener, the reset of one client's connection would end the process.
    request.on('error', ignore)
    response.on('error', ignore)
    void this.#answer(exchange, convention, request.method!, path)
  }

  async #answer(exchange: Exchange, convention: Convention, method: string, path: string): Promise<void> {
    try {
      // What an operator asks stays open: the tools that ask have no token.
      if (convention.interfaceName !== 'admin') this.#service.tokens.check(exchange.request)
      const { handler, params } = this.#router.find(method, path)
      // MCP counts calls of tools: a session of it has requests that are none.
      if (convention.interfaceName === 'rest') this.#service.admit()
      await handler(exchange, params)
    } catch (error) {
      const known = toHttpError(error)
      // What fails after the client has left fails because it has left.
      if (!known && !exchange.closed) this.#service.onBug(error)
      exchange.fail(known ?? new HttpError(500, 'internal_error', 'internal error'))
    }
  }
}

function ignore(): void {}
