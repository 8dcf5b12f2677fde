import net from 'node:net'

/** What a bare socket misread of one reply: no HTTP library, no load generator. */
interface Misread {
  /** When it asked, in ms of Unix time. */
  atMs: number
  /** Its own reading of the reply's delay less what the server told of it. */
  misreadMs: number
}

export interface Control {
  /** What it misread between two moments, in ms of Unix time. */
  between(fromMs: number, toMs: number): number[]
  stop(): void
}

/** The replies that are asked for take this long, as a reply takes that the server waits for. */
const DELAY_MS = 7

/**
 * Asks the known server again and again at an even distance, on bare sockets, until it is stopped. What it misreads,
 * on this machine and in these seconds, is what the machine adds to any client.
 */
export function startControl(port: number, everyMs: number): Control {
  const request = `GET / HTTP/1.1\r\nhost: known\r\nknown: does=reply&ms=${DELAY_MS}&tell&log=control\r\n\r\n`
  const misreads: Misread[] = []
  const idle: Probe[] = []
  const all: Probe[] = []
  const timer = setInterval(() => {
    let probe = idle.pop()
    if (!probe) {
      probe = new Probe(port, request, (misread) => {
        misreads.push(misread)
        idle.push(probe!)
      })
      all.push(probe)
    }
    probe.ask()
  }, everyMs)
  return {
    between: (fromMs, toMs) =>
      misreads.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).map(({ misreadMs }) => misreadMs),
    stop() {
      clearInterval(timer)
      for (const probe of all) probe.close()
    },
  }
}

/** One socket, one request at a time. */
class Probe {
  readonly #socket: net.Socket
  readonly #request: string
  #askedMs = 0

  constructor(port: number, request: string, seen: (misread: Misread) => void) {
    this.#request = request
    this.#socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('error', () => {})
    this.#socket.on('data', (reply: string) => {
      const readMs = performance.now() - this.#askedMs
      const toldMs = Number(reply.slice(reply.indexOf('\r\n\r\n')))
      seen({ atMs: performance.timeOrigin + this.#askedMs, misreadMs: Math.max(0, readMs - toldMs) })
    })
  }

  ask(): void {
    this.#askedMs = performance.now()
    this.#socket.write(this.#request)
  }

  close(): void {
    this.#socket.destroy()
  }
}
