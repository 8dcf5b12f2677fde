/** What the exit code of a command says. */
export const EXIT = {
  pass: 0,
  /** An internal error, or a result that could not be written. */
  internal: 1,
  usage: 2,
  thresholdFailed: 99,
  /** A scenario or result file that is missing or invalid. */
  invalidInput: 104,
  /** Something broke before the last round had ended; what was measured until then is kept. */
  incomplete: 112,
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
  EXIT.incomplete,
]

export function worstOf(codes: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.pass
}
