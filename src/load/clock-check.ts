/** What a clock and the timers of this thread can do. */

import type { Clock } from './clock.ts'

const READS = 50_000
const SLEEP_MS = 2

/** The shortest time in ms that the clock can tell from none. */
export function clockResolutionMs(clock: Clock): number {
  let shortest = Number.POSITIVE_INFINITY
  let before = clock.now()
  for (let read = 0; read < READS; read++) {
    const nowMs = clock.now()
    if (nowMs > before) shortest = Math.min(shortest, nowMs - before)
    before = nowMs
  }
  return shortest
}

/** By how many ms each of so many sleeps was too long, in order of size. */
export async function timerLatenessMs(clock: Clock, count: number): Promise<number[]> {
  const latenesses: number[] = []
  for (let sleep = 0; sleep < count; sleep++) {
    const beforeMs = clock.now()
    await new Promise((resolve) => setTimeout(resolve, SLEEP_MS))
    latenesses.push(Math.max(0, clock.now() - beforeMs - SLEEP_MS))
  }
  return latenesses.sort((a, b) => a - b)
}
