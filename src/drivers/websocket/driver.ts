import type { WebSocketCodec } from '../../dialects/websocket-face.ts'
import type { CallKind, Credentials, Driver, DriverOptions, Session, SessionProbe } from '../driver.ts'
import { type ConnectOptions, connect, connectOptions, within } from '../transport/connect.ts'
import type { WebSocketOptions } from './options.ts'
import { type CallTemplate, WebSocketSession } from './session.ts'
import { type UpgradeRequest, upgrade } from './upgrade.ts'

export class WebSocketDriver implements Driver {
  readonly #options: ConnectOptions
  readonly #credentials: Credentials
  readonly #subprotocols: readonly string[]
  readonly #deflate: boolean
  readonly #template: CallTemplate

  constructor({ target, credentials, codec, timeouts }: DriverOptions<WebSocketCodec>, kind: CallKind) {
    const { compression, subprotocols = [], ...options } = target.options as unknown as WebSocketOptions
    this.#options = connectOptions(target, 'http/1.1', timeouts.connectMs)
    this.#credentials = credentials
    this.#subprotocols = subprotocols
    this.#deflate = compression === 'deflate'
    this.#template = { kind, codec, callsPerConnection: options.calls_per_connection }
  }

  async open(probe: SessionProbe, signal: AbortSignal): Promise<Session> {
    return within(this.#options.timeoutMs, signal, async (either) => {
      const transport = await connect(this.#options, probe, either)
      return upgrade(transport, this.#request(), either, (ws) => {
        probe.phase('setup')
        return new WebSocketSession(ws, transport, this.#template, probe)
      })
    })
  }

  /** With the credentials of this moment. */
  #request(): UpgradeRequest {
    const { url, headers, subprotocols } = this.#credentials
    return { url, headers, subprotocols: [...this.#subprotocols, ...subprotocols], deflate: this.#deflate }
  }

  async close(): Promise<void> {}
}
