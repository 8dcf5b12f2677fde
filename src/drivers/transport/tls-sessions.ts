import type tls from 'node:tls'

/** How long the first connection waits for what later ones resume from; a server that gives it does so at once. */
const LONGEST_WAIT_MS = 1000

/**
 * The TLS sessions of one target. The first connection, which no load ever measures, stays open until the server has
 * given a session; each later one resumes the session that was given last, because a ticket may be good for once only.
 */
export class TlsSessions {
  #latest: Buffer | undefined
  #hasWaited = false

  /** What a new connection is to resume; undefined before the first one, or where the server gives none. */
  get latest(): Buffer | undefined {
    return this.#latest
  }

  /** Keeps every session that the server gives on this connection: after the handshake, too, in TLS 1.3. */
  listen(socket: tls.TLSSocket): void {
    socket.on('session', (session) => {
      this.#latest = session
    })
  }

  /** Resolves once there is a session to resume, or none is to be expected. */
  async first(socket: tls.TLSSocket): Promise<void> {
    if (this.#hasWaited || this.#latest) return
    this.#hasWaited = true
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(done, LONGEST_WAIT_MS)
      // OpenSSL tells of a session while it reads. What is written before it is done with that may never be sent.
      socket.once('session', () => setImmediate(done))
      socket.once('close', done)
    })
  }
}
