import type { SessionProbe } from './driver.ts'

/** For a connection that nobody measures. */
export const UNMEASURED: SessionProbe = {
  phase() {},
  capacityChanged() {},
  lost() {},
  broken() {},
  resumed() {},
  ping() {},
  pong() {},
}
