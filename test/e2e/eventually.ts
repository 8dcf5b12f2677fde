/** Longer than a passing test ever takes on a busy machine. */
const PATIENCE_MS = 25_000
const LOOK_EVERY_MS = 10

/** Asks again until the answer is yes; what waits for another process cannot do better. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
