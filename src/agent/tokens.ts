import { OpenError, type Outcome } from '../drivers/driver.ts'
import type { OAuth2, Plan } from '../plan/plan.ts'
import type { ErrorRecord } from '../record/round-record.ts'
import { fillTarget, formsOfSecret } from '../scenario/environment.ts'
import type { Environment } from '../scenario/template.ts'
import { basicOf, requestToken, type TokenRequest } from './oauth2.ts'

/** A token is asked for again when this share of its lifetime is over, or this long before its end. */
const RENEWED_SHARE = 0.75
const RENEWED_BEFORE_MS = 60_000
const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 10_000
const LONGEST_TIMER_MS = 2 ** 31 - 1

interface Kept {
  request: TokenRequest
  timer: NodeJS.Timeout | null
  failures: ErrorRecord[]
}

/** Who gets the tokens: the load threads. */
type Renewed = (target: string, value: string) => void

/**
 * The tokens of a run, one for each target that asks for them: had before the load, renewed while it runs, in a thread
 * that makes none. So no call is ever measured with it.
 */
export class Tokens {
  readonly #kept = new Map<string, Kept>()
  readonly #secrets = new Set<string>()
  readonly #renewed: Renewed
  #isClosed = false

  constructor(plan: Plan, env: Environment, renewed: Renewed) {
    this.#renewed = renewed
    for (const { target, timeouts } of plan.cases) {
      if (this.#kept.has(target.name) || typeof (target.token?.source ?? '') === 'string') continue
      const { token, tls } = fillTarget(target, env)
      const source = token!.source as OAuth2
      const request = {
        source,
        ca: tls.ca,
        forSubprotocol: token!.in === 'subprotocol',
        timeoutMs: timeouts.connectMs,
      }
      this.#kept.set(target.name, { request, timer: null, failures: [] })
      this.#hide(basicOf(source.clientId, source.clientSecret))
    }
  }

  /** Every form in which a token so far, or what was sent for it, may be printed. */
  get secrets(): Iterable<string> {
    return this.#secrets
  }

  /** Has the first token of each target. Resolves with why there is none, by target. */
  async first(): Promise<Map<string, Outcome>> {
    const outcomes = new Map<string, Outcome>()
    await Promise.all(
      Array.from(this.#kept, async ([target, kept]) => {
        const outcome = await this.#ask(target, kept)
        if (outcome) outcomes.set(target, outcome)
      }),
    )
    return outcomes
  }

  /** Renewals that failed since this was last asked. */
  takeFailures(target: string): ErrorRecord[] {
    return this.#kept.get(target)?.failures.splice(0) ?? []
  }

  close(): void {
    this.#isClosed = true
    for (const { timer } of this.#kept.values()) if (timer) clearTimeout(timer)
  }

  async #ask(target: string, kept: Kept): Promise<Outcome | null> {
    try {
      const { value, lifetimeMs } = await requestToken(kept.request)
      this.#hide(value)
      if (this.#isClosed) return null
      this.#renewed(target, value)
      if (lifetimeMs !== null) {
        const dueMs = Math.max(lifetimeMs * RENEWED_SHARE, lifetimeMs - RENEWED_BEFORE_MS)
        this.#later(target, kept, dueMs, FIRST_RETRY_MS)
      }
      return null
    } catch (error) {
      if (error instanceof OpenError) return error.outcome
      throw error
    }
  }

  #later(target: string, kept: Kept, delayMs: number, retryMs: number): void {
    const renew = async () => {
      const outcome = await this.#ask(target, kept)
      if (!outcome || this.#isClosed) return
      count(kept.failures, outcome)
      this.#later(target, kept, retryMs, Math.min(retryMs * 2, LAST_RETRY_MS))
    }
    kept.timer = setTimeout(renew, Math.min(delayMs, LONGEST_TIMER_MS))
    kept.timer.unref()
  }

  #hide(secret: string): void {
    for (const form of formsOfSecret(secret)) this.#secrets.add(form)
  }
}

function count(failures: ErrorRecord[], outcome: Outcome): void {
  const same = failures.find((known) => known.outcome.code === outcome.code)
  if (same) same.count++
  else failures.push({ outcome, count: 1, timeToFailure: null })
}
