/** Faults of TLS: the same for every interface. */

import type { Fault } from './fault.ts'
import { GARBAGE } from './tcp-faults.ts'

const PATIENCE_MS = 600
/** A fatal alert: handshake_failure. */
const ALERT = Buffer.from([21, 3, 3, 0, 2, 2, 40])

const HANDSHAKES: readonly Omit<Fault, 'of' | 'at'>[] = [
  {
    name: 'a certificate that changes in mid-run',
    callsBefore: 2,
    inject:
      ({ socket }) =>
      (piece) =>
        void socket.write(piece),
    expected: () => ['tls.untrusted'],
  },
  {
    name: 'reset within the TLS handshake',
    inject: ({ socket }) => void socket.once('data', () => socket.resetAndDestroy()),
    expected: () => ['tcp.reset'],
  },
  {
    name: 'closed within the TLS handshake',
    inject: ({ socket }) => void socket.once('data', () => socket.end()),
    expected: () => ['tcp.reset'],
  },
  {
    name: 'silence within the TLS handshake',
    inject: () => {},
    expected: () => ['timeout.connect'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'garbage in place of TLS',
    inject: ({ socket }) => void socket.write(GARBAGE),
    expected: () => ['tls.protocol'],
  },
  {
    name: 'a TLS handshake that is refused',
    inject: ({ socket }) => void socket.once('data', () => socket.end(ALERT)),
    expected: () => ['tls.protocol'],
  },
]

export const TLS_FAULTS: readonly Fault[] = HANDSHAKES.map((fault) => ({ of: 'any', at: 'tls', ...fault }))
