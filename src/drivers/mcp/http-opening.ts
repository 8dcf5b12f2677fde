import { type DriverOptions, failure, OpenError } from '../driver.ts'
import { connect, connectOptions, type Transport } from '../transport/connect.ts'
import { UNMEASURED } from '../unmeasured.ts'
import type { OpenChannel } from './channel.ts'
import { HttpChannel } from './http-channel.ts'
import type { McpOptions } from './options.ts'
import { BROKEN_OFF } from './outcome.ts'
import type { Sdk } from './sdk.ts'
import { type Joined, SharedSession } from './shared-session.ts'

/** Streamable HTTP, over a connection of our own making for each session. */
export function overHttp({ target, credentials, timeouts }: DriverOptions<unknown>, sdk: Sdk): OpenChannel {
  const { session, http } = target.options as unknown as McpOptions
  const options = connectOptions(target, http === '2' ? 'h2' : 'http/1.1', timeouts.connectMs)
  const shared = session === 'shared' ? new SharedSession() : null
  return async (owner, probe, signal) => {
    const transport = await connect(options, probe, signal)
    return new HttpChannel({
      transport,
      sdk,
      credentials,
      owner,
      shared,
      joined: shared && (await joinedOver(transport, shared)),
      dial: (within) => connect(options, UNMEASURED, within),
    })
  }
}

/** Waits for whoever begins the session. The connection has no other owner yet, and may be lost meanwhile. */
async function joinedOver({ socket, raw }: Transport, shared: SharedSession): Promise<Joined | null> {
  const ignore = () => {}
  socket.on('error', ignore)
  const joined = await shared.join()
  socket.off('error', ignore)
  if (!socket.destroyed) return joined
  raw.destroy()
  if (joined) shared.leave(joined.sessionId)
  else shared.began(undefined, undefined)
  throw new OpenError(
    failure('setup', BROKEN_OFF.class, '', 'the connection closed before its session began'),
  )
}
