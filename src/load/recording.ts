import type { Outcome } from '../drivers/driver.ts'
import type { ConnectionMetricName, HandshakeTimes } from '../record/metrics.ts'
import type { Call } from './call.ts'
import type { GcPause, LoopListener } from './loop-watch.ts'

/** What a round tells of each thing that happened; the recorder. */
export interface Recording {
  window(fromMs: number, toMs: number): void
  call(call: Call): void
  handshake(times: HandshakeTimes): void
  connection(metric: ConnectionMetricName, durationMs: number): void
  connectionFailed(outcome: Outcome): void
  /** A call, or a connection, was refused and asked to wait; NaN: in a way that nobody can read. */
  throttled(askedMs: number, isAbsurd: boolean): void
  /** One of an idle load's was refused, or did not stand to the end: so long after it was asked for, or stood. */
  sessionFailed(outcome: Outcome, afterMs: number): void
  interrupted(call: Call): void
  dropped(): void
  /** An arrival that was due, and that the thread never turned to. */
  missed(): void
  gcPauses(pauses: readonly GcPause[]): void
  loopDelay: LoopListener['loopDelay']
  /** As the loop's listener hears of it; `openCalls` were under way at its end. */
  stall(fromMs: number, toMs: number, cpuMs: number, openCalls: number): void
}
