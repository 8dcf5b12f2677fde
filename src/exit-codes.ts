/** What the exit code of a command says. */
export const EXIT = {
  pass: 0,
  /** An internal error, or a result that could not be written. */
  internal: 1,
  usage: 2,
  thresholdFailed: 99,
  /** A scenario or result file that is missing or invalid. */
  invalidInput: 104,
  /** A candidate is slower than its baseline. */
  regressed: 111,
  /** Too little evidence, sides that cannot be compared, or a run that broke before its last round had ended. */
  inconclusive: 112,
  /** The generator could not keep its schedule. */
  saturated: 113,
  /** A target could not be reached, or no call succeeded. */
  unreachable: 114,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What a command answers when several things are true of its run: the first of these that holds. */
const PRECEDENCE: readonly ExitCode[] = [
  EXIT.terminated,
  EXIT.interrupted,
  EXIT.internal,
  EXIT.invalidInput,
  EXIT.unreachable,
  EXIT.saturated,
  EXIT.thresholdFailed,
  EXIT.regressed,
  EXIT.inconclusive,
]

export function worstOf(codes: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.pass
}
