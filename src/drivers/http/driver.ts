import type { HttpCodec } from '../../dialects/dialect.ts'
import type { Driver, DriverOptions, Session, SessionProbe } from '../driver.ts'
import { type ConnectOptions, connect, connectOptions } from '../transport/connect.ts'
import type { Exchange } from './exchange.ts'
import type { HttpOptions } from './options.ts'
import { HttpSession, type Link } from './session.ts'
import { type RequestTemplate, requestTemplate } from './template.ts'

type NewExchange = (codec: HttpCodec, session: HttpSession) => Exchange

export class HttpDriver implements Driver {
  protected readonly options: ConnectOptions
  protected readonly template: RequestTemplate
  readonly #origin: string
  readonly #codec: HttpCodec
  readonly #newExchange: NewExchange

  constructor(options: DriverOptions<HttpCodec>, accept: string, newExchange: NewExchange) {
    const { target, codec, timeouts } = options
    const { http } = target.options as unknown as HttpOptions
    this.options = connectOptions(target, http === '2' ? 'h2' : 'http/1.1', timeouts.connectMs)
    this.#origin = new URL(target.url).origin
    this.template = requestTemplate(options, accept)
    this.#codec = codec
    this.#newExchange = newExchange
  }

  async open(probe: SessionProbe, signal: AbortSignal): Promise<Session> {
    const link = this.link(probe)
    const transport = await link.connect(signal)
    return new HttpSession(transport, link, this.template, (session) =>
      this.#newExchange(this.#codec, session),
    )
  }

  async close(): Promise<void> {}

  protected link(probe: SessionProbe): Link {
    return {
      origin: this.#origin,
      probe,
      connect: (within) => connect(this.options, probe, within),
    }
  }
}
