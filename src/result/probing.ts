/** What a probe finds of one endpoint. */

import type { Distribution } from './document.ts'

/** One certificate of the chain that a server shows, its own first. */
interface Certificate {
  subject: string
  issuer: string
  valid_from: string
  valid_to: string
  /** Until it is no longer valid; negative where that is past. */
  days_left: number
}

export interface TlsFacts {
  /** E.g. `TLSv1.3`. */
  version: string
  cipher: string
  /** What the server chose of `h2` and `http/1.1`; null: it chose nothing. */
  alpn: string | null
  /** Why the chain is not trusted; null where it is. */
  distrust: string | null
  chain: Certificate[]
}

type Percentiles = Pick<Distribution, 'count' | 'p50' | 'p99'>

/** One way to connect, tried several times. Durations in ms. */
export interface ProbedWay {
  /** Null: the URL has an address and no name. */
  family: 4 | 6 | null
  connection: 'cold' | 'resumed' | 'reused'
  connections: number
  /** Those of them that resumed a TLS session. */
  resumed: number
  /** Metric name to how long the phase took; `handshake` is all of them. */
  handshake: Record<string, Percentiles>
  /** From the moment that a connection had room until the reply was read. Null where no call succeeded. */
  call: Percentiles | null
  calls: number
  /** Class of error to how many calls ended so. */
  errors: Record<string, number>
}

export interface Probing {
  tool: string
  url: string
  interface: string
  api: string
  /** Of the URL's name, as the system tells them; one without a name where the URL has none. */
  addresses: { address: string; family: 4 | 6 }[]
  /** Null: the URL is in clear text. */
  tls: TlsFacts | null
  ways: ProbedWay[]
}
