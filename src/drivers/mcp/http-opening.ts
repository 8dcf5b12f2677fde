import { type DriverOptions, UNMEASURED } from '../driver.ts'
import { connect, connectOptions } from '../transport/connect.ts'
import type { OpenChannel } from './channel.ts'
import { HttpChannel } from './http-channel.ts'
import type { McpOptions } from './options.ts'
import type { Sdk } from './sdk.ts'
import { SharedSession } from './shared-session.ts'

/** Streamable HTTP, over a connection of our own making for each session. */
export function overHttp({ target, credentials, timeouts }: DriverOptions<unknown>, sdk: Sdk): OpenChannel {
  const options = connectOptions(target, 'http/1.1', timeouts.connectMs)
  const { session } = target.options as unknown as McpOptions
  const shared = session === 'shared' ? new SharedSession() : null
  return async (owner, probe, signal) => {
    const transport = await connect(options, probe, signal)
    const joined = (await shared?.join()) ?? null
    return new HttpChannel({
      transport,
      sdk,
      credentials,
      owner,
      shared,
      joined,
      dial: (within) => connect(options, UNMEASURED, within),
    })
  }
}
