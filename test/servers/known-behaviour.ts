/**
 * What servers of known behaviour do with a call, whatever interface it came by, and what they log of it: from the moment
 * the request came out of the socket until each piece of the reply was written to it, by this process's own clock. A test
 * that compares with the log asks whether the client reads what happened, not whether a noisy machine kept its timers.
 *
 * A call says what it wants in a header `known`, as a query:
 *
 *   does=reply&ms=20                    replies after 20 ms
 *   does=reply&ms=5&slow=80             every 20th reply after 80 ms, the others after 5 ms
 *   does=work&us=2000                   replies after 2 ms of computing
 *   does=work&us=2000&slow=6000         every 33rd reply after 6 ms of computing
 *   does=stall&after=900&for=500        replies at once, but stands still for 0.5 s, 0.9 s after the first request
 *   does=fail&every=33                  every 33rd call fails
 *   does=drip&pieces=20&gap=2           replies in so many pieces, one every 2 ms
 *   does=stream&chunks=20&gap=10        streams a chunk every 10 ms
 *   does=echo&pause=50                  answers each message at once, but the third one after a pause of 50 ms
 *   does=hang                           begins to reply where replies stream, and never ends
 *
 * `log=NAME` keeps a log of that name.
 */

export interface KnownCall {
  /** When it came, in ms of Unix time. */
  atMs: number
  /** Request to the end of its reply. */
  delayMs: number
  /** Of streams: request to first chunk, and between chunks. */
  firstChunkMs: number
  gapsMs: number[]
  /** Of calls whose client streams: from a message to the chunk that answers it. */
  answersMs: number[]
  ended: 'replied' | 'failed' | 'cancelled' | ''
}

/** Calls in the order in which they came. */
export type KnownLog = KnownCall[]

/** How an interface answers. */
export interface Answering {
  /** A piece of a reply that streams. */
  chunk(): void
  /** A piece of a reply that does not: the client has to wait for the rest, the `index`-th of `count`, from 1. */
  piece(index: number, count: number): void
  /** The end of the reply, and all of it where it does not stream. `written` is called once it is in the socket. */
  reply(written: () => void): void
  fail(): void
}

const EVERY_SLOW = 20
/** Of 100 calls, three. */
const EVERY_TAIL = 33
const PAUSED_MESSAGE = 3

const logs = new Map<string, KnownLog>()
const firstRequestMs = new Map<string, number>()

export function takeLog(name: string): KnownLog {
  const log = logs.get(name) ?? []
  logs.delete(name)
  firstRequestMs.delete(name)
  return log
}

function at(atMs: number, run: () => void): void {
  setTimeout(run, Math.max(0, atMs - performance.now()))
}

/** One call on the server's side. */
export class Known {
  readonly #answer: Answering
  readonly #query: URLSearchParams
  readonly #begunMs: number
  readonly #call: KnownCall
  readonly #name: string
  readonly #index: number
  #lastChunkMs = Number.NaN
  #messages = 0
  /** No reply goes out before. */
  #pausedUntilMs = 0

  constructor(known: string, begunMs: number, answer: Answering) {
    this.#answer = answer
    const atMs = performance.timeOrigin + begunMs
    this.#call = { atMs, delayMs: Number.NaN, firstChunkMs: Number.NaN, gapsMs: [], answersMs: [], ended: '' }
    this.#query = new URLSearchParams(known)
    this.#begunMs = begunMs
    this.#name = this.#query.get('log') ?? ''
    const log = logs.get(this.#name) ?? []
    logs.set(this.#name, log)
    log.push(this.#call)
    this.#index = log.length
    if (this.#query.get('does') === 'hang') answer.chunk()
  }

  /** A message of a client that streams has come. */
  message(): void {
    this.#messages++
    if (this.#query.get('does') !== 'echo') return
    const nowMs = performance.now()
    if (this.#messages === PAUSED_MESSAGE) this.#pausedUntilMs = nowMs + this.#number('pause')
    if (nowMs >= this.#pausedUntilMs) this.#echo(nowMs)
    else at(this.#pausedUntilMs, () => this.#echo(nowMs))
  }

  /** The whole request is there. */
  requested(): void {
    const nowMs = performance.now()
    switch (this.#query.get('does')) {
      case 'reply': {
        const delay = this.#query.has('slow') && this.#isNth(EVERY_SLOW) ? 'slow' : 'ms'
        at(nowMs + this.#number(delay), () => this.#end('replied'))
        break
      }
      case 'work': {
        const isSlow = this.#query.has('slow') && this.#isNth(EVERY_TAIL)
        const untilMs = nowMs + this.#number(isSlow ? 'slow' : 'us') / 1000
        while (performance.now() < untilMs);
        this.#end('replied')
        break
      }
      case 'stall':
        this.#stall(nowMs)
        break
      case 'fail':
        this.#end(this.#isNth(this.#number('every')) ? 'failed' : 'replied')
        break
      case 'stream':
        this.#stream()
        break
      case 'drip':
        this.#drip(nowMs)
        break
      case 'echo':
        // After the last echo, also where that one is paused.
        at(Math.max(nowMs, this.#pausedUntilMs) + 1, () => this.#end('replied'))
    }
  }

  /** The client gave the call up, or went away. */
  cancelled(): void {
    if (this.#call.ended === '') this.#log('cancelled')
  }

  #stall(nowMs: number): void {
    const firstMs = firstRequestMs.get(this.#name) ?? nowMs
    firstRequestMs.set(this.#name, firstMs)
    const fromMs = firstMs + this.#number('after')
    const untilMs = fromMs + this.#number('for')
    if (nowMs >= fromMs && nowMs < untilMs) at(untilMs, () => this.#end('replied'))
    else this.#end('replied')
  }

  /** Each piece sets the next one off, because late timers may fire in any order. */
  #drip(nowMs: number, index = 1): void {
    const [count, gapMs] = [this.#number('pieces'), this.#number('gap')]
    at(nowMs + gapMs, () => {
      if (this.#call.ended !== '') return
      if (index === count) this.#end('replied')
      else {
        this.#answer.piece(index, count)
        this.#drip(nowMs + gapMs, index + 1)
      }
    })
  }

  #stream(): void {
    const [chunks, gapMs] = [this.#number('chunks'), this.#number('gap')]
    for (let chunk = 1; chunk <= chunks; chunk++) at(this.#begunMs + chunk * gapMs, () => this.#chunk())
    at(this.#begunMs + (chunks + 0.5) * gapMs, () => this.#end('replied'))
  }

  #echo(messageMs: number): void {
    this.#chunk()
    this.#call.answersMs.push(performance.now() - messageMs)
  }

  #chunk(): void {
    if (this.#call.ended !== '') return
    this.#answer.chunk()
    const nowMs = performance.now()
    if (Number.isNaN(this.#lastChunkMs)) this.#call.firstChunkMs = nowMs - this.#begunMs
    else this.#call.gapsMs.push(nowMs - this.#lastChunkMs)
    this.#lastChunkMs = nowMs
  }

  #end(how: 'replied' | 'failed'): void {
    if (this.#call.ended !== '') return
    this.#call.ended = how
    if (how === 'replied') this.#answer.reply(() => this.#log(how))
    else {
      this.#answer.fail()
      this.#log(how)
    }
  }

  #log(how: KnownCall['ended']): void {
    this.#call.delayMs = performance.now() - this.#begunMs
    this.#call.ended = how
  }

  #isNth(every: number): boolean {
    return this.#index % every === 0
  }

  #number(key: string): number {
    return Number(this.#query.get(key))
  }
}
