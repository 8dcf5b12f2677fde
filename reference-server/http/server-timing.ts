import type { Timing } from '../runtime/runtime.ts'

/** The value of a `Server-Timing` header (W3C Server Timing), in milliseconds. */
export function serverTiming(timing: Timing): string {
  return `queue;dur=${timing.queueMs.toFixed(3)}, compute;dur=${timing.computeMs.toFixed(3)}`
}
