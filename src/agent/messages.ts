/** What the conducting thread and a load thread say to each other. */

import type { Outcome } from '../drivers/driver.ts'
import type { Case, Plan } from '../plan/plan.ts'
import type { RoundRecord } from '../record/round-record.ts'

/** Which round is to be run. */
export interface RoundOrder {
  caseIndex: number
  roundIndex: number
  /** Of a load that is searched for; null for any other. */
  ratePerSecond: number | null
}

export interface ThreadData {
  plan: Plan
  worker: number
  workers: number
  /** What the traces of the run have in common; null: no call is told as one. */
  tracePrefix: string | null
  /** Null where nobody watches. */
  board: SharedArrayBuffer | null
}

export type Request =
  | { id: number; do: 'renew'; target: string; token: string }
  | { id: number; do: 'check'; caseIndex: number }
  /** Its index is the next one; its server is an idle one of its protocol. */
  | { id: number; do: 'addFloor'; planned: Case }
  | { id: number; do: 'prepare'; round: RoundOrder }
  | { id: number; do: 'run'; startNs: bigint }
  /** The round that runs or is prepared, if any, has no use any more. */
  | { id: number; do: 'abandon' }
  /** So many sessions of an idle load are opened, over all workers, and closed again. */
  | { id: number; do: 'warm'; caseIndex: number; sessions: number }
  /** Collects garbage, where that can be asked for. */
  | { id: number; do: 'settle' }
  /** Answered with the resident memory of the process, in bytes. */
  | { id: number; do: 'memory' }
  | { id: number; do: 'stop' }
  | { id: number; do: 'close' }

export type Reply =
  | { id: number; value: Outcome | RoundRecord | number | null }
  | { id: number; error: { message: string; stack: string } }
