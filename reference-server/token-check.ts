import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { HttpError } from './http/errors.ts'

/** Subprotocols that start with this carry a token; pages in a browser can send it in no other way. */
export const tokenSubprotocolPrefix = 'bearer.'

/** Lets those in who show the server's token; everybody where it has none. */
export class TokenCheck {
  readonly #digest: Buffer | null

  constructor(token: string | null) {
    this.#digest = token === null ? null : digest(token)
  }

  get isOn(): boolean {
    return this.#digest !== null
  }

  /** The value of an `Authorization` header, or of gRPC's metadata of that name. */
  admits(authorization: string | undefined): boolean {
    return this.#digest === null || this.#isOwn(/^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1])
  }

  /**
   * In whatever way HTTP clients show a token: a header (`x-api-key` is Anthropic's), a parameter of the query, a
   * subprotocol.
   * @throws HttpError 401.
   */
  check({ headers, url = '' }: IncomingMessage): void {
    if (this.#digest === null || this.admits(headers.authorization)) return
    const key = headers['x-api-key']
    if (typeof key === 'string' && this.#isOwn(key)) return
    const question = url.indexOf('?')
    if (question >= 0 && this.#isOwn(new URLSearchParams(url.slice(question)).get('access_token'))) return
    const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? []
    const carrier = offered.find((name) => name.startsWith(tokenSubprotocolPrefix))
    if (carrier && this.#isOwn(carrier.slice(tokenSubprotocolPrefix.length))) return
    throw new HttpError(401, 'unauthorized', 'this server wants a bearer token', {
      'www-authenticate': 'Bearer realm="infer-bench"',
    })
  }

  /** Digests are of one length, so that the comparison tells nothing by the time it takes. */
  #isOwn(token: string | null | undefined): boolean {
    return token !== null && token !== undefined && timingSafeEqual(digest(token), this.#digest!)
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
