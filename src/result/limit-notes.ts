/** How the numbers of a case must be read whose server limited it, or which read slowly on purpose. */

import type { Case } from '../plan/plan.ts'
import type { Distribution } from './document.ts'

/** What a reader's own pauses are in. */
export const PACED_BY_READER = [
  'request_latency',
  'service_time',
  'response_receive',
  'inter_chunk_latency',
  'inter_token_latency',
  'time_per_output_token',
  'output_token_throughput',
] as const

export interface Throttling {
  /** Refusals that asked for a wait, and those of them whose wait nobody could keep. */
  count: number
  absurd: number
  /** What was asked for. */
  waits: Distribution | null
}

/** What became of the waits that a server asked for; null where it asked for none. */
export function throttledNote(
  { retryAfter, load }: Case,
  { count, absurd, waits }: Throttling,
): string | null {
  if (count === 0) return null
  const asked = waits ? ` (p50 ${ms(waits.p50)}, at most ${ms(waits.max)})` : ''
  const meanwhile =
    load.model === 'closed'
      ? 'no call started before the time had passed, and the wait is in no latency'
      : 'calls that were due meanwhile waited, and their latency shows it'
  const told =
    retryAfter === 'obey'
      ? `refusals asked for a wait${asked}, which was kept: ${meanwhile}`
      : `refusals asked for a wait${asked}, and the load went on as it was told to (retry_after: ignore)`
  return absurd === 0
    ? told
    : `${told}; ${absurd} of them asked for no time that can be kept: nobody can read it, or it is more than a day`
}

/** Null where what comes is read as it comes. */
export function readerNote({ reader }: Case): string | null {
  if (!reader) return null
  const chunks = reader.every === 1 ? 'each chunk' : `every ${reader.every} chunks`
  return `with the reader’s own pauses in it: ${ms(reader.pauseMs)} after ${chunks}, on purpose`
}

function ms(durationMs: number): string {
  return `${durationMs >= 10 ? durationMs.toFixed(0) : durationMs.toFixed(2)} ms`
}
