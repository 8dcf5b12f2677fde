import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ServerCommand, type ServerSpec } from '../../src/commands/server-command.ts'
import { eventually } from '../e2e/eventually.ts'
import { freePort } from '../e2e/free-port.ts'

const PROGRAM = fileURLToPath(new URL('../servers/working-http.ts', import.meta.url))
const NEVER = new AbortController().signal

async function spec(fault: string, change: Partial<ServerSpec> = {}): Promise<ServerSpec & { port: number }> {
  const port = await freePort()
  return {
    name: 'mine',
    command: [process.execPath, PROGRAM, String(port), '0', fault],
    ready: { line: 'listening' },
    readyWithinMs: 20_000,
    env: {},
    cwd: '/',
    secrets: [],
    port,
    ...change,
  }
}

const answers = (port: number) =>
  fetch(`http://127.0.0.1:${port}/`).then(
    ({ status }) => status,
    () => null,
  )

describe('a server of the user’s own', () => {
  test('is ready when it says so, serves, and is gone with the run', async () => {
    const mine = await spec('none')
    const server = (await ServerCommand.start(mine, process.env, NEVER))!
    expect(await answers(mine.port)).toBe(200)
    await server.stop()
    expect(await answers(mine.port)).toBeNull()
    expect(server.lost.aborted).toBe(false)
  })

  test.each(['http', 'tcp'])('is ready when its %s address answers, whatever it says', async (scheme) => {
    const mine = await spec('mute')
    const ready = { url: `${scheme}://127.0.0.1:${mine.port}` }
    const server = (await ServerCommand.start({ ...mine, ready }, process.env, NEVER))!
    expect(await answers(mine.port)).toBe(200)
    await server.stop()
  })

  test('that ignores SIGTERM is killed', async () => {
    const mine = await spec('stubborn')
    const server = (await ServerCommand.start(mine, process.env, NEVER))!
    await server.stop()
    expect(await answers(mine.port)).toBeNull()
  }, 20_000)

  test('that is lost in mid-run is told', async () => {
    const server = (await ServerCommand.start(await spec('dies'), process.env, NEVER))!
    await eventually('it is told', () => server.lost.aborted)
    expect(server.lost.reason).toMatchObject({ reason: 'the server mine ended with exit code 9' })
    await server.stop()
  })
})

describe('what does not start says why', () => {
  test.each<[string, string, Partial<ServerSpec>, string]>([
    [
      'it ends',
      'exit',
      { env: { MODEL: 'hunter22' }, secrets: ['hunter22'] },
      'the server mine ended with exit code 7 before it was ready: no such model: ***',
    ],
    [
      'it is not there',
      'none',
      { command: ['/no/such/program'] },
      'could not be started: spawn /no/such/program ENOENT',
    ],
    [
      'it never says that it is ready',
      'mute',
      { readyWithinMs: 500 },
      'the server mine did not print "listening" within 0.5 s',
    ],
  ])('%s', async (_what, fault, change, says) => {
    await expect(ServerCommand.start(await spec(fault, change), process.env, NEVER)).rejects.toThrow(says)
  })

  test('another one that answers at its address does not stand in for it', async () => {
    const first = await spec('none')
    const other = (await ServerCommand.start(first, process.env, NEVER))!
    // The second one cannot have the port, and ends.
    const second = { ...first, ready: { url: `http://127.0.0.1:${first.port}` } }
    const started = await ServerCommand.start(second, process.env, NEVER).catch((error: Error) => error)
    if (started instanceof Error) expect(started.message).toContain('before it was ready')
    else {
      // It may have been asked before it ended: then its loss is told.
      await eventually('it is told', () => started!.lost.aborted)
      await started!.stop()
    }
    await other.stop()
  })

  test('a run that is ended meanwhile waits for nobody', async () => {
    const ended = new AbortController()
    const starting = ServerCommand.start(await spec('mute'), process.env, ended.signal)
    ended.abort()
    expect(await starting).toBeNull()
  })
})
