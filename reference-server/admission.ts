import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { HttpError } from './http/errors.ts'

export interface AdmissionOptions {
  /** Origins of web pages that may connect, beside this machine's own; `*` lets all in. */
  allowedOrigins: readonly string[]
  /** Names that a client may know this server by, beside its addresses and the name that it listens on. */
  allowedHosts: readonly string[]
}

/**
 * Keeps out web pages from elsewhere. A browser lets any page open a WebSocket to any server and read what
 * comes back, so the server itself must look at the page's origin. A name that an attacker made point to this
 * machine (DNS rebinding) makes origin and host agree, so the host must be a name that is really this server's.
 */
export class Admission {
  readonly #listensOn: string
  readonly #options: AdmissionOptions
  /** The last host that was found to be this server's: nearly every request has the same. */
  #knownHost: string | undefined

  /** @param listensOn The host that the server was told to listen on. */
  constructor(listensOn: string, options: AdmissionOptions) {
    this.#listensOn = listensOn
    this.#options = options
  }

  /** @throws HttpError 403, or 400 for a request without a host. */
  check(request: IncomingMessage): void {
    const { origin } = request.headers
    // HTTP/2 says it in a pseudo-header.
    const said = request.headers.host ?? (request.headers[':authority'] as string | undefined)
    if (origin === undefined && said !== undefined && said === this.#knownHost) return
    const { allowedOrigins, allowedHosts } = this.#options
    const host = hostOf(`http://${said ?? ''}`)
    if (host === null) throw new HttpError(400, 'invalid_request', 'the Host header is missing or malformed')
    const isOwn = isIP(host) > 0 || isLoopback(host) || [this.#listensOn, hostname()].includes(host)
    const isKnown = isOwn || allowedHosts.includes(host)
    // Whoever reaches a server that listens to the network may call it by names that it cannot know.
    if (!isKnown && isLoopback(this.#listensOn)) {
      throw new HttpError(403, 'forbidden_host', `this server is not called ${JSON.stringify(host)}`)
    }
    this.#knownHost = said
    if (origin === undefined || allowedOrigins.some((one) => one === '*' || one === origin)) return
    const page = hostOf(origin)
    if (page !== null && (isLoopback(page) || (page === host && isKnown))) return
    const shown = JSON.stringify(origin.slice(0, 200))
    throw new HttpError(403, 'forbidden_origin', `pages of ${shown} may not connect to this server`)
  }
}

/** The host of a URL, an IPv6 address without its brackets; null for what is no URL. */
function hostOf(url: string): string | null {
  const host = URL.parse(url)?.hostname ?? ''
  return host === '' ? null : host.replace(/^\[(.*)\]$/, '$1')
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(\.\d+){3}$/.test(host)
}
