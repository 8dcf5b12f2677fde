import { durationOf } from '../dialects/json.ts'
import type { ServerTiming } from './driver.ts'

const QUEUE = /(?:^|,)\s*queue\s*(?:;[^,]*?)?;\s*dur=([\d.]+)/
const COMPUTE = /(?:^|,)\s*compute\s*(?:;[^,]*?)?;\s*dur=([\d.]+)/

/** Reads `Server-Timing: queue;dur=0.1, compute;dur=1.2` (W3C Server Timing; durations in ms) into `timing`. */
export function readServerTiming(header: string, timing: ServerTiming): boolean {
  timing.queueMs = duration(QUEUE, header)
  timing.computeMs = duration(COMPUTE, header)
  return !Number.isNaN(timing.queueMs) || !Number.isNaN(timing.computeMs)
}

function duration(pattern: RegExp, header: string): number {
  const match = pattern.exec(header)
  return match ? durationOf(Number(match[1])) : Number.NaN
}
