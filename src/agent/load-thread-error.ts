import { inspect } from 'node:util'

const LONGEST_MESSAGE = 300
const MORE_MEMORY =
  'lower the load, share it among more --workers, or let Node have more (NODE_OPTIONS=--max-old-space-size=<MiB>)'

/**
 * A load thread is gone, or could not do what it was asked to: its round has no numbers. Those before it have. The
 * message is one line, for a result; the stack is that of what went wrong in the thread, where there is one.
 */
export class LoadThreadError extends Error {
  override name = 'LoadThreadError'

  constructor(message: string, trace = '') {
    super(message)
    this.stack = trace === '' ? message : `${message}\n${trace}`
  }

  /** What a thread threw, or what Node says of one that it has ended. */
  static of(thread: string, thrown: unknown): LoadThreadError {
    const { code, message, stack } = asError(thrown)
    if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
      return new LoadThreadError(`${thread} ran out of memory: ${MORE_MEMORY}`)
    }
    const [first = ''] = message.split('\n')
    const trace = stack.split('\n').filter((line) => line.startsWith('    at '))
    return new LoadThreadError(`${thread} failed: ${first.slice(0, LONGEST_MESSAGE)}`, trace.join('\n'))
  }
}

/** Anything may be thrown. */
function asError(thrown: unknown): { code?: unknown; message: string; stack: string } {
  if (thrown instanceof Error) {
    const { code, stack = '' } = thrown as NodeJS.ErrnoException
    return { code, message: String(thrown).replace(/^Error: /, ''), stack }
  }
  return { message: typeof thrown === 'string' ? thrown : inspect(thrown), stack: '' }
}
