import type { Buffer } from 'node:buffer'
import type { Metadata } from '@grpc/grpc-js'
import protobuf from 'protobufjs/light.js'
import { retryAfterIn } from '../http/retry-after.ts'
import type { RetryAfter } from '../retry-after.ts'

const MS_PER_SECOND = 1000
const NS_PER_MS = 1e6
/** As a detail names its type, after whatever host. */
const RETRY_INFO = /(^|\/)google\.rpc\.RetryInfo$/

const field = (type: string, id: number) => ({ type, id })

/** As much of google/rpc/status.proto and google/rpc/error_details.proto as tells a wait. */
const SCHEMA = {
  nested: {
    Status: { fields: { details: { rule: 'repeated', ...field('Any', 3) } } },
    Any: { fields: { type_url: field('string', 1), value: field('bytes', 2) } },
    RetryInfo: { fields: { retry_delay: field('Duration', 1) } },
    Duration: { fields: { seconds: field('int64', 1), nanos: field('int32', 2) } },
  },
}

const root = protobuf.Root.fromJSON(SCHEMA)
const status = root.lookupType('Status')
const retryInfo = root.lookupType('RetryInfo')

/**
 * The wait that the trailing metadata of a call that failed asks for: `grpc-retry-pushback-ms` (gRFC A6), a
 * `google.rpc.RetryInfo` among the details of its status, or, from a gateway that answers in plain HTTP, `Retry-After`.
 */
export function retryAfterOf(metadata: Metadata | undefined): RetryAfter | undefined {
  const [pushback] = metadata?.get('grpc-retry-pushback-ms') ?? []
  // Anything but a number from 0 on asks for no retry at all, which is no time that a next call could wait for.
  if (pushback !== undefined) {
    const text = String(pushback)
    return { afterMs: /^\d+$/.test(text) ? Number(text) : Number.NaN }
  }
  const [details] = metadata?.get('grpc-status-details-bin') ?? []
  if (typeof details === 'object') return retryInfoIn(details)
  const header = (name: string) => metadata?.get(name).map(String)
  return retryAfterIn({ 'retry-after': header('retry-after'), date: header('date') })
}

interface Detail {
  type_url?: string
  value?: Uint8Array
}

interface Duration {
  seconds?: number
  nanos?: number
}

/** Details that are no message ask for nothing; a wait that is none asks for one that nobody can read. */
function retryInfoIn(bytes: Buffer): RetryAfter | undefined {
  const detail = detailIn(bytes)
  if (!detail) return undefined
  try {
    const told = retryInfo.toObject(retryInfo.decode(detail.value ?? new Uint8Array()), { longs: Number })
    const { seconds = 0, nanos = 0 } = (told.retry_delay ?? {}) as Duration
    const afterMs = seconds * MS_PER_SECOND + nanos / NS_PER_MS
    return { afterMs: afterMs >= 0 ? afterMs : Number.NaN }
  } catch {
    return { afterMs: Number.NaN }
  }
}

function detailIn(bytes: Buffer): Detail | undefined {
  try {
    const { details = [] } = status.toObject(status.decode(bytes)) as { details?: Detail[] }
    return details.find(({ type_url: type = '' }) => RETRY_INFO.test(type))
  } catch {
    return undefined
  }
}
