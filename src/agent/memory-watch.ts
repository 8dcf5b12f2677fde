/** How often a server is asked: often enough for a peak that stands for half a second, too seldom to be a load. */
const EVERY_MS = 200

export interface Watched<Value> {
  value: Value
  /** By how much the server's memory lay above what it held before, at its peak; null where it does not tell. */
  growthBytes: number | null
}

/**
 * Runs something, and follows how much memory a server holds meanwhile. `read`: what it holds now, in bytes; null: it
 * does not tell, and is not asked again.
 */
export async function watchMemory<Value>(
  read: () => Promise<number | null>,
  run: () => Promise<Value>,
): Promise<Watched<Value>> {
  const beforeBytes = await read()
  if (beforeBytes === null) return { value: await run(), growthBytes: null }
  let peakBytes = beforeBytes
  let asking: Promise<void> | null = null
  const look = async (): Promise<void> => {
    peakBytes = Math.max(peakBytes, (await read()) ?? 0)
    asking = null
  }
  const timer = setInterval(() => {
    // One that answers late is not asked again meanwhile.
    asking ??= look()
  }, EVERY_MS)
  try {
    const value = await run()
    clearInterval(timer)
    await asking
    await look()
    return { value, growthBytes: peakBytes - beforeBytes }
  } finally {
    clearInterval(timer)
  }
}
