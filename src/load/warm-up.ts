import type { Driver } from '../drivers/driver.ts'
import { UNMEASURED } from '../drivers/unmeasured.ts'
import { inTurns } from './turns.ts'

/** Opens sessions and closes them again, a few at a time, and measures nothing. Those that fail will fail where it counts. */
export async function warmUp(
  driver: Driver,
  sessions: number,
  concurrency: number,
  signal: AbortSignal,
): Promise<void> {
  await inTurns(Array.from({ length: sessions }), concurrency, async () => {
    if (signal.aborted) return
    try {
      const session = await (driver.hold ? driver.hold(UNMEASURED, signal) : driver.open(UNMEASURED, signal))
      session.close()
    } catch {
      return
    }
  })
}
