import { Buffer } from 'node:buffer'
import { type ByteCounts, OpenError, type SessionProbe, type StandingSession } from '../driver.ts'
import { abortable, socketBytes } from '../transport/connect.ts'
import type { GrpcConnection } from './connection.ts'
import { statusOutcome } from './outcome.ts'
import type { CallTemplate } from './session.ts'

const identity = (message: Buffer): Buffer => message

/**
 * Opens a stream from the server and waits until it has answered with its initial metadata. It stands until either side
 * ends it; messages that come are nobody's. Rejects with `OpenError`.
 */
export function holdStream(
  { client, raw }: GrpcConnection,
  { path, metadata, codec }: CallTemplate,
  probe: SessionProbe,
  signal: AbortSignal,
): Promise<StandingSession> {
  let isClosed = false
  const close = () => {
    isClosed = true
    client.close()
    raw.destroy()
  }
  return abortable<StandingSession>(
    signal,
    (succeed, fail) => {
      let stands = false
      const message = Buffer.from(codec.encodeMessage())
      const call = client.makeServerStreamRequest(path, identity, identity, message, metadata)
      call.on('metadata', () => {
        stands = true
        probe.phase('setup')
        succeed({ wireBytes: (into: ByteCounts) => socketBytes(raw, into), close })
      })
      call.on('data', ignore)
      // A failure is told as a status, too.
      call.on('error', ignore)
      call.on('status', (told) => {
        if (isClosed) return
        const loss = { isOver: raw.destroyed, isGoingAway: false, code: '' }
        const ending = statusOutcome(told, stands, loss)
        if (!stands) fail(new OpenError({ ...ending, phase: 'setup' }))
        else {
          close()
          probe.lost(ending, false)
        }
      })
    },
    close,
  )
}

function ignore(): void {}
