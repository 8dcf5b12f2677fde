/**
 * By how much one sample lies above another: Hodges and Lehmann's estimator, with the exact confidence interval of the
 * rank test that belongs to it. It asks for no shape of distribution, and a stray value moves it by one rank. Hollander,
 * Wolfe and Chicken, Nonparametric Statistical Methods, 3rd ed., sections 3.3 and 4.3.
 */

export interface Shift {
  estimate: number
  low: number
  high: number
}

/** Above this many values the exact distribution costs much and differs from the normal one by nothing that matters. */
const MOST_EXACT = 40

/**
 * Of `after` over `before`, value by value: pairs that were measured side by side. Null where so few pairs cannot give
 * the confidence that is asked for, however far apart they lie.
 */
export function pairedShift(
  before: readonly number[],
  after: readonly number[],
  confidence: number,
): Shift | null {
  const differences = before.map((value, index) => after[index]! - value)
  const averages: number[] = []
  for (const [index, one] of differences.entries()) {
    for (const other of differences.slice(index)) averages.push((one + other) / 2)
  }
  const { length } = differences
  const left = (1 - confidence) / 2
  const outside =
    length > MOST_EXACT
      ? normalRank(averages.length / 2, (length * (length + 1) * (2 * length + 1)) / 24, left)
      : exactRank(signedRankCounts(length), left)
  return intervalOf(averages, outside)
}

/** Of `after` over `before`: two samples that were measured apart. Null as above. */
export function unpairedShift(
  before: readonly number[],
  after: readonly number[],
  confidence: number,
): Shift | null {
  const differences = after.flatMap((late) => before.map((early) => late - early))
  const [m, n] = [before.length, after.length]
  const left = (1 - confidence) / 2
  const outside =
    Math.max(m, n) > MOST_EXACT
      ? normalRank((m * n) / 2, (m * n * (m + n + 1)) / 12, left)
      : exactRank(rankSumCounts(m, n), left)
  return intervalOf(differences, outside)
}

/** How many pairs, or values a side, the confidence asks for at least. */
export function fewestValues(confidence: number, isPaired: boolean): number {
  const left = (1 - confidence) / 2
  for (let count = 1; count < MOST_EXACT; count++) {
    const counts = isPaired ? signedRankCounts(count) : rankSumCounts(count, count)
    if (exactRank(counts, left) > 0) return count
  }
  return MOST_EXACT
}

/** `outside`: so many of the sorted values lie outside of the interval at either end; 0: there is none. */
function intervalOf(values: number[], outside: number): Shift | null {
  const { length } = values
  if (outside < 1) return null
  values.sort((a, b) => a - b)
  return {
    estimate: (values[Math.floor((length - 1) / 2)]! + values[Math.floor(length / 2)]!) / 2,
    low: values[outside - 1]!,
    high: values[length - outside]!,
  }
}

/** The highest rank below which the statistic falls with a probability of at most `left`. */
function exactRank(counts: readonly number[], left: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  let rank = 0
  for (let below = counts[0]!; rank < counts.length / 2 && below / total <= left; below += counts[rank]!)
    rank++
  return rank
}

function normalRank(mean: number, variance: number, left: number): number {
  return Math.max(0, Math.floor(mean + 0.5 - normalQuantile(1 - left) * Math.sqrt(variance)))
}

/** In how many of the 2^n ways to give signs to ranks 1 to n the positive ones sum up to each number. */
function signedRankCounts(n: number): number[] {
  const counts = new Array<number>((n * (n + 1)) / 2 + 1).fill(0)
  counts[0] = 1
  for (let rank = 1; rank <= n; rank++) {
    for (let sum = counts.length - 1; sum >= rank; sum--) counts[sum]! += counts[sum - rank]!
  }
  return counts
}

/** In how many of the ways to mix m and n values each number of pairs has the second one in front. */
function rankSumCounts(m: number, n: number): number[] {
  // The coefficients of the Gaussian binomial: multiply by (1 - q^(n+i)), divide by (1 - q^i).
  const counts = new Array<number>(m * n + 1).fill(0)
  counts[0] = 1
  for (let index = 1; index <= m; index++) {
    for (let at = counts.length - 1; at >= n + index; at--) counts[at]! -= counts[at - n - index]!
    for (let at = index; at < counts.length; at++) counts[at]! += counts[at - index]!
  }
  return counts
}

/** Of the standard normal distribution. P. J. Acklam's approximation, to 1.2e-9 of the value. */
function normalQuantile(share: number): number {
  const q = share - 0.5
  if (Math.abs(q) <= 0.47575) {
    const r = q * q
    const above =
      ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
        30.66479806614716) *
        r +
      2.506628277459239
    const below =
      ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
        13.28068155288572) *
        r +
      1
    return (above * q) / below
  }
  const r = Math.sqrt(-2 * Math.log(Math.min(share, 1 - share)))
  const above =
    ((((-0.007784894002430293 * r - 0.3223964580411365) * r - 2.400758277161838) * r - 2.549732539343734) *
      r +
      4.374664141464968) *
      r +
    2.938163982698783
  const below =
    (((0.007784695709041462 * r + 0.3224671290700398) * r + 2.445134137142996) * r + 3.754408661907416) * r +
    1
  return (q < 0 ? 1 : -1) * (above / below)
}
