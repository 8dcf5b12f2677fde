import type { WebSocket } from 'ws'
import type { ByteCounts, DriverOptions } from '../driver.ts'
import { connect, connectOptions, socketBytes, type Transport } from '../transport/connect.ts'
import { endingOutcome, isOrdinary } from '../websocket/outcome.ts'
import { upgrade } from '../websocket/upgrade.ts'
import type { ChannelOwner, OpenChannel } from './channel.ts'
import { TextChannel } from './text-channel.ts'

/** As the SDKs' own transport offers it. */
const SUBPROTOCOL = 'mcp'
const CLOSE_MS = 1000

/** Messages of a WebSocket, on a connection of our own making. */
class WebSocketChannel extends TextChannel {
  readonly #transport: Transport
  readonly #ws: WebSocket
  readonly #closed: Promise<void>

  constructor(owner: ChannelOwner, transport: Transport, ws: WebSocket) {
    super(owner)
    this.#transport = transport
    this.#ws = ws
    this.#closed = new Promise((resolve) => ws.once('close', () => resolve()))
    let error: NodeJS.ErrnoException | null = null
    ws.on('error', (told) => {
      error = told
    })
    ws.on('message', (data) => this.received(String(data)))
    ws.on('close', (code, reason) => {
      const ending = { code, reason: String(reason), error }
      this.lose(endingOutcome(ending, true), isOrdinary(ending))
    })
  }

  wireBytes(into: ByteCounts): void {
    socketBytes(this.#transport.raw, into)
  }

  async end(): Promise<void> {
    const { socket, raw } = this.#transport
    // The server's own close frame is read.
    this.#ws.resume()
    this.#ws.close(1000)
    const timer = setTimeout(() => this.#ws.terminate(), CLOSE_MS)
    await this.#closed
    clearTimeout(timer)
    socket.destroy()
    raw.destroy()
  }

  protected read(on: boolean): void {
    if (on) this.#ws.resume()
    else this.#ws.pause()
  }

  protected get waitingBytes(): number {
    return this.#ws.bufferedAmount
  }

  protected write(text: string, written: () => void): void {
    this.#ws.send(text, written)
  }
}

export function overWebSocket({ target, credentials, timeouts }: DriverOptions<unknown>): OpenChannel {
  const asWebSocket = (url: string) => url.replace(/^http/, 'ws')
  const options = connectOptions({ ...target, url: asWebSocket(target.url) }, 'http/1.1', timeouts.connectMs)
  return async (owner, probe, signal) => {
    const transport = await connect(options, probe, signal)
    const { url, headers, subprotocols } = credentials
    const request = {
      url: asWebSocket(url),
      headers,
      subprotocols: [SUBPROTOCOL, ...subprotocols],
      deflate: false,
    }
    return upgrade(transport, request, signal, (ws) => new WebSocketChannel(owner, transport, ws))
  }
}
