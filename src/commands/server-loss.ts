/** Why there is no server any more: in one line, and in all that it said last where that is more. */
export interface ServerLoss {
  reason: string
  said: string
}
