import net from 'node:net'

/** What a bare socket saw of a server's replies: no HTTP library, no load generator. */
export interface Seen {
  /** From the request's write to the reply's last piece. */
  delaysMs: number[]
  /** Of streams: to the first chunk, and between chunks. */
  firstChunkMs: number[]
  gapsMs: number[]
}

/**
 * Asks `url` again and again at an even distance, on bare sockets, until it is stopped. What it misreads, on this
 * machine and in these seconds, is what the machine adds to any client.
 */
export function startControl(url: string, everyMs: number): { stop(): Seen } {
  const { hostname, port, pathname, search } = new URL(url)
  const request = `GET ${pathname}${search} HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`
  const seen: Seen = { delaysMs: [], firstChunkMs: [], gapsMs: [] }
  const idle: Probe[] = []
  const all: Probe[] = []
  const ask = () => {
    let probe = idle.pop()
    if (!probe) {
      probe = new Probe(Number(port), hostname, seen, (one) => idle.push(one))
      all.push(probe)
    }
    probe.ask(request)
  }
  const timer = setInterval(ask, everyMs)
  return {
    stop() {
      clearInterval(timer)
      for (const probe of all) probe.close()
      return seen
    },
  }
}

/** One socket, one request at a time. */
class Probe {
  readonly #socket: net.Socket
  #askedMs = 0
  #lastMs = Number.NaN

  constructor(port: number, host: string, seen: Seen, free: (probe: Probe) => void) {
    this.#socket = net.connect({ port, host, noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('error', () => {})
    this.#socket.on('data', (text: string) => {
      const nowMs = performance.now()
      if (text.includes('data: x')) {
        if (Number.isNaN(this.#lastMs)) seen.firstChunkMs.push(nowMs - this.#askedMs)
        else seen.gapsMs.push(nowMs - this.#lastMs)
        this.#lastMs = nowMs
      }
      if (!text.endsWith('\r\n\r\n{}') && !text.endsWith('0\r\n\r\n')) return
      seen.delaysMs.push(nowMs - this.#askedMs)
      this.#lastMs = Number.NaN
      free(this)
    })
  }

  ask(request: string): void {
    this.#askedMs = performance.now()
    this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }
}
