import { EXIT } from '../exit-codes.ts'

type SignalCode = typeof EXIT.interrupted | typeof EXIT.terminated

const SIGNAL = { [EXIT.interrupted]: 'SIGINT', [EXIT.terminated]: 'SIGTERM' } as const

/** Ctrl-C once ends the round and keeps what was measured; twice ends the process at once. */
export class Signals {
  /** Null until the first signal. */
  code: SignalCode | null = null
  readonly #controller = new AbortController()
  readonly #onInterrupt = () => this.#signal(EXIT.interrupted)
  readonly #onTerminate = () => this.#signal(EXIT.terminated)

  constructor() {
    process.on('SIGINT', this.#onInterrupt)
    process.on('SIGTERM', this.#onTerminate)
  }

  /** Aborted by the first signal. */
  get stopped(): AbortSignal {
    return this.#controller.signal
  }

  /** After a signal it still listens: a second one, while the process winds up, is to end it with the same code. */
  release(): void {
    if (this.code !== null) return
    process.off('SIGINT', this.#onInterrupt)
    process.off('SIGTERM', this.#onTerminate)
  }

  #signal(code: SignalCode): void {
    if (this.code !== null) this.#endAtOnce(code)
    this.code = code
    process.stderr.write('\nending the round; once more to end at once\n')
    this.#controller.abort()
  }

  /**
   * As a process without listeners ends of the signal, which shells tell as the same code: process.exit() first takes
   * down the load threads in mid-call, in which Node has been seen to abort.
   */
  #endAtOnce(code: SignalCode): never {
    process.off('SIGINT', this.#onInterrupt)
    process.off('SIGTERM', this.#onTerminate)
    process.kill(process.pid, SIGNAL[code])
    // The first process of a container outlives that.
    process.exit(code)
  }
}
