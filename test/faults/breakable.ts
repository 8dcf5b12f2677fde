import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Breakable {
  env: NodeJS.ProcessEnv
  /** E.g. `load-1 heap`, as `break.ts` understands it. */
  breaks(what: string): Promise<void>
}

/** Environment of a program whose threads a test may break; its heaps are filled in no time. */
export async function breakable(folder: string, more: NodeJS.ProcessEnv = {}): Promise<Breakable> {
  const file = join(folder, 'break')
  const preload = new URL('break.ts', import.meta.url)
  await rm(file, { force: true })
  return {
    env: { ...more, BREAK_FILE: file, NODE_OPTIONS: `--import ${preload} --max-old-space-size=150` },
    breaks: (what) => writeFile(file, what),
  }
}
