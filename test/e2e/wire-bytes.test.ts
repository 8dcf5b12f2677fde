/** What the bundled server and the tool put on the wire, beside what they did when the baseline was stored. */

import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { cli, temporaryFolder } from './cli.ts'

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

test('no interface takes more bytes than in results/reference', async () => {
  const baseline = file('results/reference/wire-bytes.json')
  const gate = ['--metric', 'overhead_bytes=10%', '--metric', 'error_rate', '--allow', 'machine,runtime,tool']
  const args = ['run', file('scenarios/wire-bytes.yaml'), '--out', 'result.json', '--baseline', baseline]
  const { code, stderr } = await cli([...args, ...gate], { cwd: await temporaryFolder() })
  expect(stderr).toContain('gate: pass')
  expect(code).toBe(0)
}, 60_000)
