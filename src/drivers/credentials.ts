import type { Target } from '../plan/plan.ts'
import type { Credentials } from './driver.ts'

/** The credentials of a target with every `${env:NAME}` filled in; those of a token that is asked for change with it. */
export class TargetCredentials implements Credentials {
  version = 0
  headers: Readonly<Record<string, string>>
  url: string
  subprotocols: readonly string[] = []
  readonly #target: Target

  constructor(target: Target) {
    this.#target = target
    this.headers = target.headers
    this.url = target.url
    const source = target.token?.source
    if (typeof source === 'string') this.renew(source)
  }

  /** From the next call on, and the next connection's handshake, it is this token. */
  renew(value: string): void {
    const { token, headers, url } = this.#target
    if (!token) return
    this.version++
    switch (token.in) {
      case 'header':
        this.headers = { ...headers, authorization: `${token.as}${value}` }
        break
      case 'query': {
        const withToken = new URL(url)
        withToken.searchParams.set(token.as, value)
        this.url = withToken.href
        break
      }
      case 'subprotocol':
        this.subprotocols = [`${token.as}${value}`]
        break
    }
  }
}
