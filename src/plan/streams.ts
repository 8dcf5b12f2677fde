import { protocol } from '../drivers/registry.ts'
import type { Target } from './plan.ts'

/** True where a reply of this case comes in chunks. */
export function streams({ target }: { target: Target }): boolean {
  return protocol(target.interface).streams
}
