/** Readers of other people's formats, written in Python by other people. */

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'
import { needs } from './requirements.ts'

/** The libraries that `.ci/run` installs, by the folder of `.cache` that they lie in. */
const LIBRARIES = {
  hdrhistogram: { module: 'hdrh/histogram.py', version: '0.10.8' },
  'prometheus-client': { module: 'prometheus_client/parser.py', version: '0.26.0' },
} as const

/** What the program prints, as JSON. Skips the test where Python or the library is missing. `library`: null for Python's own. */
export function askPython(
  context: TestContext,
  library: keyof typeof LIBRARIES | null,
  program: string,
  input: string,
  ...args: string[]
): unknown {
  needs(context, 'python3', 'it reads a report with a library for Python')
  const output = execFileSync('python3', ['-c', program, ...args], {
    input,
    encoding: 'utf8',
    env: {
      ...process.env,
      PYTHONIOENCODING: 'utf-8',
      ...(library && { PYTHONPATH: folderOf(context, library) }),
    },
    maxBuffer: 64 * 2 ** 20,
  })
  return JSON.parse(output)
}

function folderOf(context: TestContext, library: keyof typeof LIBRARIES): string {
  const folder = fileURLToPath(new URL(`../.cache/${library}`, import.meta.url))
  const { module, version } = LIBRARIES[library]
  const install = `python3 -m pip install --no-deps --target .cache/${library} ${library}==${version}`
  needs(context, `${folder}/${module}`, install)
  return folder
}
