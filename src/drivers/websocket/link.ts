import type { WebSocket } from 'ws'
import type { ByteCounts, SessionProbe } from '../driver.ts'
import { socketBytes, type Transport } from '../transport/connect.ts'
import type { Ending } from './outcome.ts'

/** A connection that is no longer wanted. */
const NORMAL = 1000

export interface LinkOwner {
  message(message: Buffer, isBinary: boolean): void
  lost(ending: Ending): void
}

/** One WebSocket connection, which is pinged where that is asked for. */
export class Link {
  readonly ws: WebSocket
  /** The trace that the upgrade told of, which is that of its calls; 0 for none. */
  readonly traceNumber: number
  readonly #transport: Transport
  #pinger: NodeJS.Timeout | null = null
  #error: NodeJS.ErrnoException | null = null

  constructor(ws: WebSocket, transport: Transport, traceNumber: number) {
    this.ws = ws
    this.traceNumber = traceNumber
    this.#transport = transport
  }

  /** In the moment in which the connection stands: no message is missed. */
  listen(owner: LinkOwner): void {
    const { ws } = this
    ws.on('message', (message: Buffer, isBinary: boolean) => owner.message(message, isBinary))
    ws.on('error', (error) => {
      this.#error = error
      // The library has told the server what is wrong; nobody needs to wait for its answer.
      ws.terminate()
    })
    ws.once('close', (code, reason) => {
      this.#stopPinging()
      owner.lost({ code, reason: reason.toString(), error: this.#error })
    })
  }

  get isOpen(): boolean {
    return this.ws.readyState === this.ws.OPEN
  }

  /** One ping at a time: while its answer is awaited, none goes out. */
  pingEvery(intervalMs: number, probe: SessionProbe): void {
    let isUnderWay = false
    this.ws.on('pong', () => {
      if (isUnderWay) probe.pong()
      isUnderWay = false
    })
    this.#pinger = setInterval(() => {
      if (isUnderWay || !this.isOpen) return
      isUnderWay = true
      probe.ping()
      this.ws.ping()
    }, intervalMs)
  }

  wireBytes(into: ByteCounts): void {
    socketBytes(this.#transport.raw, into)
  }

  /** Reads what comes, or stops. */
  read(on: boolean): void {
    if (on) this.ws.resume()
    else this.ws.pause()
  }

  close(): void {
    this.#stopPinging()
    // The server's own close frame is read.
    this.read(true)
    this.ws.close(NORMAL)
  }

  terminate(): void {
    this.ws.terminate()
  }

  #stopPinging(): void {
    if (this.#pinger) clearInterval(this.#pinger)
    this.#pinger = null
  }
}
