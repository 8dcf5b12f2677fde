/** The part of `total` that falls to one of `workers`: parts differ by one at most and add up to the total. */
export function share(total: number, worker: number, workers: number): number {
  if (worker >= workers) return 0
  return Math.floor(total / workers) + (worker < total % workers ? 1 : 0)
}
