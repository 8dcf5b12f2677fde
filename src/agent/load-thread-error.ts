import { inspect } from 'node:util'
import { EXIT } from '../exit-codes.ts'

const LONGEST_REASON = 300

/**
 * A load thread is gone, or could not do what it was asked to: its round has no numbers. Those before it have.
 */
export class LoadThreadError extends Error {
  override name = 'LoadThreadError'
  readonly exitCode = EXIT.internal
  /** One line, for a result; the message has the trace below it, where there is one. */
  readonly reason: string

  constructor(reason: string, trace = '') {
    super(trace === '' ? reason : `${reason}\n${trace}`)
    this.reason = reason
  }

  /** What a thread threw, or what Node says of one that it has ended. */
  static of(thread: string, thrown: unknown): LoadThreadError {
    const { code, message, stack } = asError(thrown)
    if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
      return new LoadThreadError(`${thread} ran out of memory: ${MORE_MEMORY}`)
    }
    const [first = ''] = message.split('\n')
    const trace = stack.split('\n').filter((line) => line.startsWith('    at '))
    return new LoadThreadError(`${thread} failed: ${first.slice(0, LONGEST_REASON)}`, trace.join('\n'))
  }

  /** The same without what nobody may read. */
  scrubbed(scrub: (text: string) => string): LoadThreadError {
    const [, ...trace] = this.message.split('\n')
    return new LoadThreadError(scrub(this.reason), scrub(trace.join('\n')))
  }
}

const MORE_MEMORY =
  'lower the load, share it among more --workers, or let Node have more (NODE_OPTIONS=--max-old-space-size=<MiB>)'

/** Anything may be thrown. */
function asError(thrown: unknown): { code?: unknown; message: string; stack: string } {
  if (thrown instanceof Error) {
    const { code, stack = '' } = thrown as NodeJS.ErrnoException
    return { code, message: String(thrown).replace(/^Error: /, ''), stack }
  }
  const message = typeof thrown === 'string' ? thrown : inspect(thrown)
  return { message, stack: '' }
}
