import { type ChannelOptions, compressionAlgorithms, Metadata } from '@grpc/grpc-js'
import type { Target } from '../../plan/plan.ts'
import type { Credentials } from '../driver.ts'
import type { GrpcOptions } from './options.ts'

const MOST_MESSAGE_BYTES = 256 * 1024 * 1024
/** As long as a load can last: how long a connection without a call stands is for the server to say. */
const LONGEST_IDLE_MS = 24 * 60 * 60 * 1000

export function metadataOf({ headers }: Credentials, { options }: Target): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  const { deadline } = options as unknown as GrpcOptions
  // Not grpc-js's own option, which costs a timer for each call: load ends those that run too long.
  if (deadline !== undefined) metadata.set('grpc-timeout', timeoutText(deadline))
  return metadata
}

/** The value has at most 8 digits. */
function timeoutText(durationMs: number): string {
  if (durationMs < 10_000) return `${Math.max(1, Math.round(durationMs * 1000))}u`
  return durationMs < 1e8 ? `${Math.round(durationMs)}m` : `${Math.round(durationMs / 1000)}S`
}

export function channelOptions({ url, options }: Target): ChannelOptions {
  const { compression } = options as unknown as GrpcOptions
  return {
    'grpc.primary_user_agent': 'infer-bench',
    'grpc.default_authority': new URL(url).host,
    'grpc.default_compression_algorithm': {
      none: compressionAlgorithms.identity,
      gzip: compressionAlgorithms.gzip,
      deflate: compressionAlgorithms.deflate,
    }[compression],
    'grpc.max_receive_message_length': MOST_MESSAGE_BYTES,
    'grpc.max_send_message_length': -1,
    // Otherwise clients of one address share a connection.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.client_idle_timeout_ms': LONGEST_IDLE_MS,
    'grpc.enable_retries': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': 0,
    'grpc.service_config_disable_resolution': 1,
  }
}
