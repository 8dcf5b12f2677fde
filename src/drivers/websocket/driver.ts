import type { WebSocketCodec, WebSocketFace } from '../../dialects/websocket-face.ts'
import type { CallKind, Credentials, Driver, DriverOptions, Session, SessionProbe } from '../driver.ts'
import { TRACEPARENT, type TraceIds } from '../trace.ts'
import { type ConnectOptions, connect, connectOptions, within } from '../transport/connect.ts'
import { Link } from './link.ts'
import type { WebSocketOptions } from './options.ts'
import { WebSocketSession } from './session.ts'
import type { CallTemplate } from './template.ts'
import { type UpgradeRequest, upgrade } from './upgrade.ts'

/** As many as an HTTP/2 server lets be open where it names no limit. */
const CALLS_PER_CONNECTION = 100

export class WebSocketDriver implements Driver {
  readonly #options: ConnectOptions
  readonly #credentials: Credentials
  readonly #subprotocols: readonly string[]
  readonly #deflate: boolean
  readonly #template: CallTemplate
  readonly #trace: TraceIds | null
  /** Those that stand, or are being closed, and when they are no more. */
  readonly #links = new Map<Link, Promise<void>>()

  constructor(
    { target, credentials, codec, timeouts, trace }: DriverOptions<WebSocketCodec>,
    kind: CallKind,
    resume: WebSocketFace['resume'],
  ) {
    const { compression, subprotocols = [], ...options } = target.options as unknown as WebSocketOptions
    this.#options = connectOptions(target, 'http/1.1', timeouts.connectMs)
    this.#credentials = credentials
    this.#trace = trace
    this.#subprotocols = subprotocols
    this.#deflate = compression === 'deflate'
    this.#template = {
      kind,
      codec,
      callsPerConnection: options.calls_per_connection ?? CALLS_PER_CONNECTION,
      pingIntervalMs: options.ping_interval ?? null,
      resume: options.resume ? resume : null,
      connect: (query, probe, signal, opened) => this.#connect(query, probe, signal, opened),
    }
  }

  open(probe: SessionProbe, signal: AbortSignal): Promise<Session> {
    return this.#connect({}, probe, signal, (link) => new WebSocketSession(link, this.#template, probe))
  }

  /** Resolves when both sides of every connection have said that it is over. */
  async close(): Promise<void> {
    for (const link of this.#links.keys()) link.close()
    await Promise.all(this.#links.values())
  }

  #connect<Value>(
    query: Readonly<Record<string, string>>,
    probe: SessionProbe,
    signal: AbortSignal,
    opened: (link: Link) => Value,
  ): Promise<Value> {
    return within(this.#options.timeoutMs, signal, async (either) => {
      const transport = await connect(this.#options, probe, either)
      const traceNumber = this.#trace?.next() ?? 0
      return upgrade(transport, this.#request(query, traceNumber), either, (ws) => {
        probe.phase('setup')
        const link = new Link(ws, transport, traceNumber)
        const { promise: closed, resolve } = Promise.withResolvers<void>()
        this.#links.set(link, closed)
        ws.once('close', () => {
          this.#links.delete(link)
          resolve()
        })
        return opened(link)
      })
    })
  }

  /** With the credentials of this moment. */
  #request(query: Readonly<Record<string, string>>, traceNumber: number): UpgradeRequest {
    const { headers, subprotocols } = this.#credentials
    const url = new URL(this.#credentials.url)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return {
      url: url.href,
      headers: this.#trace ? { ...headers, [TRACEPARENT]: this.#trace.header(traceNumber) } : headers,
      subprotocols: [...this.#subprotocols, ...subprotocols],
      deflate: this.#deflate,
    }
  }
}
