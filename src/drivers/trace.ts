/**
 * Which call is which in a server's traces: W3C Trace Context, version 00. https://www.w3.org/TR/trace-context/
 */

import type { Target } from '../plan/plan.ts'
import { flag } from '../values/leaf.ts'

export const TRACEPARENT = 'traceparent'

/** Of a trace's id, 16 digits tell the run, and as many which of its calls it is. */
const CASE_DIGITS = 5
const WORKER_DIGITS = 2
const CALL_DIGITS = 9
const HEX = 16

/** The key of a target, in every protocol. */
export const TRACEPARENT_OPTION = flag()
  .optional()
  .describe(
    '`true`: each call is a trace of its own, which the server is told (W3C Trace Context, sampled): in the header `traceparent`, in metadata (gRPC), in `_meta` (MCP, besides the header over HTTP), or in the request for the upgrade (WebSocket: one for each connection). The result then names the traces of the slowest calls and of some that failed. Sessions of an idle load have none. Default: `false`.',
  )

export function isTraced({ options }: Pick<Target, 'options'>): boolean {
  return options[TRACEPARENT] === true
}

export function traceparentText(value: unknown): string {
  return value === true ? 'traced' : 'not traced'
}

/** The traces of one case on one load thread. A call is told from the others by a number, so that its slot holds no text. */
export class TraceIds {
  /** What is the same in all of them, and in the spans that stand for the calls. */
  readonly #run: string
  readonly #part: string
  #last = 0

  /** `prefix`: 16 hexadecimal digits that no other run has. */
  constructor(prefix: string, caseIndex: number, worker: number) {
    this.#run = prefix
    this.#part = hex(caseIndex, CASE_DIGITS) + hex(worker, WORKER_DIGITS)
  }

  /** The number of a trace that no call has yet; never 0. */
  next(): number {
    return ++this.#last
  }

  id(traceNumber: number): string {
    return this.#run + this.#part + hex(traceNumber, CALL_DIGITS)
  }

  /** What the server is told. The span that it will take for its parent is the second half of the trace's id. */
  header(traceNumber: number): string {
    const call = this.#part + hex(traceNumber, CALL_DIGITS)
    return `00-${this.#run}${call}-${call}-01`
  }
}

function hex(value: number, digits: number): string {
  return value.toString(HEX).padStart(digits, '0')
}
