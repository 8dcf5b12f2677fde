import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify, stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { startedMcp } from './mcp-client.ts'

const suite = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'))
const expectedFailures = fileURLToPath(new URL('./mcp-expected-failures.yml', import.meta.url))

test('every conformance scenario that applies passes, and none fails but those that are expected to', async () => {
  const server = await startedMcp()
  try {
    const args = ['server', '--url', `${server.httpUrl}/mcp`, '--suite', 'all']
    // It exits with 1 for a failure that is not expected, and for an expected one that did not come.
    const { stdout } = await promisify(execFile)(process.execPath, [
      suite,
      ...args,
      '--expected-failures',
      expectedFailures,
    ])
    const passed = [...stripVTControlCharacters(stdout).matchAll(/^✓ ([\w-]+): (\d+) passed, 0 failed/gm)]
    expect(Object.fromEntries(passed.map(([, name, count]) => [name, Number(count)]))).toEqual({
      'server-initialize': 1,
      ping: 1,
      'tools-list': 1,
      'server-sse-polling': 0,
      'server-sse-multiple-streams': expect.any(Number),
      'dns-rebinding-protection': 2,
    })
  } finally {
    await server.close()
  }
})
