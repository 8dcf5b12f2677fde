import { streamsReply } from '../drivers/driver.ts'
import { protocol } from '../drivers/registry.ts'
import type { Target } from './plan.ts'

/** True where a reply of this case comes in chunks. */
export function streams({ target }: { target: Target }): boolean {
  return streamsReply(protocol(target.interface).kind(target))
}
