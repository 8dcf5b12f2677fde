import type { Target } from '../../plan/plan.ts'
import type { Credentials } from '../driver.ts'
import { connectOptions, within } from '../transport/connect.ts'
import { UNMEASURED } from '../unmeasured.ts'
import { channelOptions, metadataOf } from './channel.ts'
import { openConnection } from './connection.ts'
import type { GrpcOptions } from './options.ts'
import { reflect } from './reflection.ts'
import { type GrpcSchema, sourceOf } from './schema.ts'

/** Asks the server of a target for its schema, on a connection of its own. Throws as `reflect` does. */
export async function askSchema(
  target: Target,
  credentials: Credentials,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<GrpcSchema> {
  const options = target.options as unknown as GrpcOptions
  const [, service = ''] = new URL(target.url).pathname.split('/')
  return within(timeoutMs, signal, async (either) => {
    const connecting = connectOptions(target, 'h2', timeoutMs)
    const { client, raw } = await openConnection(connecting, channelOptions(target), UNMEASURED, either)
    either.addEventListener('abort', () => raw.destroy())
    try {
      return await reflect({
        client,
        metadata: metadataOf(credentials, target),
        service,
        key: options.service === undefined ? 'url' : 'service',
        source: sourceOf(options),
      })
    } finally {
      client.close()
      raw.destroy()
    }
  })
}
