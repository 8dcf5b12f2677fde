/**
 * Looks for the highest rate at which an objective holds: doubles the rate until it does not, then halves the distance
 * (on a logarithmic scale) between the highest rate that held and the lowest that did not.
 */

/** Why an objective does not hold at a rate. `generator`: nobody knows, because the generator was at its own limit. */
export type Limit = 'objective' | 'errors' | 'dropped' | 'generator'

export interface SearchStep {
  ratePerSecond: number
  /** Null where the objective held. */
  limit: Limit | null
}

export interface SearchOptions<Step extends SearchStep> {
  startRatePerSecond: number
  /** Null: none. */
  maxRatePerSecond: number | null
  precision: number
  /** Loads the server at a rate. Null where the user has ended the run. */
  step(ratePerSecond: number): Promise<Step | null>
}

export interface Search<Step extends SearchStep> {
  /** Null where the objective held at no rate. */
  ratePerSecond: number | null
  /** What keeps it from being higher. `max_rate`: the scenario. */
  limit: Limit | 'max_rate'
  /** In the order in which they were measured. */
  steps: Step[]
}

/** So far a search goes down from its first rate, if that is too high. */
const LEAST_SHARE = 1 / 1024

/** Null where the user has ended the run before there was an answer. */
export async function search<Step extends SearchStep>(
  options: SearchOptions<Step>,
): Promise<Search<Step> | null> {
  const { precision, startRatePerSecond } = options
  const most = options.maxRatePerSecond ?? Number.POSITIVE_INFINITY
  const first = Math.min(startRatePerSecond, most)
  const steps: Step[] = []
  let holds = 0
  let fails = Number.POSITIVE_INFINITY
  let limit: Limit | 'max_rate' = 'max_rate'
  while (holds < most && fails > holds * (1 + precision)) {
    const ratePerSecond = nextRate(holds, fails, first, most)
    if (ratePerSecond < LEAST_SHARE * first) break
    const verdict = await judge(ratePerSecond, options, steps)
    if (verdict === undefined) return null
    if (verdict === null) holds = ratePerSecond
    else {
      fails = ratePerSecond
      limit = verdict
    }
  }
  return { ratePerSecond: holds || null, limit, steps }
}

function nextRate(holds: number, fails: number, first: number, most: number): number {
  if (holds === 0) return fails === Number.POSITIVE_INFINITY ? first : fails / 2
  return fails === Number.POSITIVE_INFINITY ? Math.min(2 * holds, most) : Math.sqrt(holds * fails)
}

/**
 * The limit that was met at a rate, null where none was; undefined where the user has ended the run. One bad second of
 * a machine must not end a search too low, so a rate is too high only where two steps of three say so.
 */
async function judge<Step extends SearchStep>(
  ratePerSecond: number,
  { step }: SearchOptions<Step>,
  steps: Step[],
): Promise<Limit | null | undefined> {
  let failed = 0
  for (let asked = 1; asked <= 3; asked++) {
    const one = await step(ratePerSecond)
    if (one === null) return undefined
    steps.push(one)
    if (one.limit !== null && ++failed === 2) return one.limit
    if (asked - failed === 2 || failed === 0) return null
  }
  return null
}
