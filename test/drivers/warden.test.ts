import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { eventually } from '../e2e/eventually.ts'
import { isAlive } from '../e2e/processes.ts'

const LINK = new URL('../../src/drivers/mcp/warden-link.ts', import.meta.url)

/** A parent that has started something which ignores requests to end, and does `then` before it could say so. */
function parentThat(then: string) {
  return spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { spawn } from 'node:child_process'
       import { WardenLink } from ${JSON.stringify(LINK.href)}
       const warden = new WardenLink()
       const program = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log(process.pid)"
       const env = warden.marked(process.env)
       const child = spawn(process.execPath, ['-e', program], { env, detached: true })
       child.stdout.once('data', async (pid) => { process.stdout.write(pid, async () => { ${then} }) })`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
}

test.skipIf(process.platform !== 'linux')(
  'what a parent had no time to tell of ends with it all the same',
  async () => {
    const parent = parentThat("process.kill(process.pid, 'SIGKILL')")
    const [said] = await once(parent.stdout, 'data')
    const pid = Number(said)
    expect(pid).toBeGreaterThan(0)
    await eventually('the child is ended', () => !isAlive(pid))
  },
)

test('a warden that is dismissed ends at once, and nothing else with it', async () => {
  const parent = parentThat('await warden.close(); process.stdout.write("left")')
  const [said] = await once(parent.stdout, 'data')
  const pid = Number(said)
  try {
    const [left] = await once(parent.stdout, 'data')
    expect(String(left)).toBe('left')
    expect(isAlive(pid)).toBe(true)
  } finally {
    process.kill(pid, 'SIGKILL')
    parent.kill('SIGKILL')
  }
})
