import { streamsReply, streamsRequest } from '../drivers/driver.ts'
import { protocol } from '../drivers/registry.ts'
import type { Messages } from '../load/sender.ts'
import type { CallShape } from '../record/metrics.ts'
import type { Case, Target } from './plan.ts'

/** True where a reply of this case comes in chunks. */
export function streams({ target }: { target: Target }): boolean {
  return streamsReply(protocol(target.interface).kind(target))
}

/** Keys of a payload that have a meaning only where the client streams. */
export const MESSAGE_KEYS = ['messages', 'message_interval'] as const

/** True where the client of the target's calls may send several messages. */
export function hasMessages(target: Target): boolean {
  return streamsRequest(protocol(target.interface).kind(target))
}

/** What the calls of this case are, as far as metrics ask. */
export function callShape(one: Pick<Case, 'target' | 'payload'>): CallShape {
  const isStream = streams(one)
  return { streams: isStream, converses: isStream && (messagesOf(one)?.count ?? 1) > 1 }
}

/** What each call of this case sends where its client streams; null where a call has one message by its nature. */
export function messagesOf({ target, payload }: Pick<Case, 'target' | 'payload'>): Messages | null {
  if (!hasMessages(target)) return null
  return { count: payload.messages ?? 1, intervalMs: payload.messageIntervalMs ?? 0 }
}
