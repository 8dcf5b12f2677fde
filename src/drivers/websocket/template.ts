import type { WebSocketCodec, WebSocketFace } from '../../dialects/websocket-face.ts'
import type { CallKind, SessionProbe } from '../driver.ts'
import type { Link } from './link.ts'

/** Everything about a call that is the same for every one. */
export interface CallTemplate {
  kind: CallKind
  codec: WebSocketCodec
  callsPerConnection: number
  /** Null: never. */
  pingIntervalMs: number | null
  /** How the session goes on over another connection; null: it ends with its first one. */
  resume: WebSocketFace['resume']
  /** Opens another connection, asked for with more in the URL's query. */
  connect(
    query: Readonly<Record<string, string>>,
    probe: SessionProbe,
    signal: AbortSignal,
    opened: (link: Link) => void,
  ): Promise<void>
}
