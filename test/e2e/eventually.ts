import type { Running } from './cli.ts'

/** Longer than a passing test ever takes on a busy machine. */
const PATIENCE_MS = 25_000
const LOOK_EVERY_MS = 10

/**
 * Asks again until the answer is yes; what waits for another process cannot do better. A run that has to bring it about
 * is not waited for once it has ended.
 */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  running?: Running,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  let code: number | null | undefined
  void running?.ended.then((ended) => {
    code = ended.code
  })
  while (!(await condition())) {
    const said = running ? `; the run said: ${running.said() || 'nothing'}` : ''
    if (code !== undefined) throw new Error(`${what}: not before the run ended with ${code}${said}`)
    if (performance.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s${said}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
