/** A server that is killed (SIGKILL) in mid-run, and comes back on the same port. */

import { type ChildProcess, fork } from 'node:child_process'
import { type Cell, errorsOf, runWrongsOf, wrongsOf } from './cell.ts'
import type { Borne } from './matrix.ts'
import { Meter } from './meter.ts'
import { runToEnd } from './tool.ts'
import { targetOf, type Way } from './ways.ts'

const FAULT = 'the server killed and started again'
const RATE_PER_S = 100
const CALLS = 300
/** Calls after which it is killed, and how long nobody listens then. */
const KILLED_AFTER = 60
const DEAD_MS = 400
const TOTAL_MS = 20_000

/** One life of the server. */
interface Life {
  url: string
  calls: number
  /** Resolves with the port. */
  listen(port: number): Promise<number>
  /** Called once it has had so many calls. */
  after(calls: number, then: () => void): void
  kill(): void
}

async function begin(way: Way): Promise<Life> {
  const child: ChildProcess = fork(new URL('./mortal.ts', import.meta.url), [way.name])
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(message as string))
    child.once('exit', (code) => reject(new Error(`mortal.ts ended with ${code} before it was ready`)))
  })
  let due: { calls: number; then(): void } | null = null
  let isListening: (port: number) => void
  const life: Life = {
    url,
    calls: 0,
    listen: (port) =>
      new Promise((resolve) => {
        isListening = resolve
        child.send(port)
      }),
    after: (calls, then) => {
      due = { calls, then }
    },
    kill: () => void child.kill('SIGKILL'),
  }
  child.on('message', (message: number) => {
    if (message !== 0) isListening(message)
    else if (++life.calls === due?.calls) due.then()
  })
  return life
}

export async function runRestart(way: Way): Promise<Borne> {
  const [first, second] = await Promise.all([begin(way), begin(way)])
  try {
    const port = await first.listen(0)
    let meter: Meter | null = null
    first.after(KILLED_AFTER, () => {
      meter?.enter(FAULT)
      first.kill()
      setTimeout(() => void second.listen(port), DEAD_MS)
    })
    second.after(1, () => meter?.enter('afterwards'))
    const scenario = {
      name: 'restart',
      targets: { mortal: targetOf(way, { url: first.url, ca: '' }, port) },
      defaults: { rounds: 1, floor: 'off', timeout: { total: `${TOTAL_MS}ms` } },
      cases: [
        {
          target: 'mortal',
          load: { model: 'constant', rate: `${RATE_PER_S}/s`, calls: CALLS, warmup: '0s' },
        },
      ],
    }
    const ran = await runToEnd(scenario, {
      follows: true,
      begun: (pid) => {
        meter = new Meter(pid)
      },
    })
    const found = ran.result?.cases[0]
    // On a busy machine the generator may be late, which is another matter.
    const wrongs = runWrongsOf(ran, ran.code === 113 ? 113 : 0)
    if (!found) return { cells: [], wrongs: [...wrongs, 'left no result'] }
    const { longestMs, ...told } = errorsOf(found)
    const cell: Cell = {
      fault: FAULT,
      expected: ['tcp.refused', 'tcp.reset', way.lost, way.cut],
      ...told,
      // What was under way when it died, it cannot tell.
      injected: null,
      time: { longestMs, allowedMs: TOTAL_MS },
      memory: meter!.memory.get(FAULT) ?? null,
      mostGrowthMiB: 0,
    }
    wrongs.push(...wrongsOf(cell))
    const { calls, errors, dropped } = found.summary
    const succeeded = calls - errors
    const served = first.calls + second.calls
    if (calls + dropped !== CALLS) wrongs.push(`${calls} calls and ${dropped} dropped of ${CALLS}`)
    if (second.calls < (CALLS - KILLED_AFTER) / 4) wrongs.push(`${second.calls} calls when it had come back`)
    if (succeeded > served) wrongs.push(`${succeeded} calls succeeded, ${served} were served`)
    return { cells: [cell], wrongs }
  } finally {
    first.kill()
    second.kill()
  }
}
