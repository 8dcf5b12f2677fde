import { describe, expect, test } from 'vitest'
import { type Play, play } from '../contract/play.ts'
import { eventually } from '../e2e/eventually.ts'
import { processesWith, STDIO_SERVER } from '../e2e/mcp-servers.ts'

let runs = 0

/** A program takes its time to begin on a busy machine. */
const PATIENT = { connectMs: 20_000, totalMs: 25_000 }

interface Against extends Omit<Play, 'target'> {
  options?: Record<string, unknown>
  connection?: 'cold'
}

/** Plays calls of a server with the fault, and tells whether a process of it is left. */
async function against(fault: string, { options, connection, timeouts, ...what }: Against = {}) {
  const mark = `infer-bench-test-${process.pid}-${runs++}`
  const played = await play({
    ...what,
    timeouts: { ...PATIENT, ...timeouts },
    target: {
      interface: 'mcp',
      url: 'stdio:test',
      ...(connection && { connection }),
      options: { tool: 'plain', command: [process.execPath, STDIO_SERVER, fault, mark], ...options },
    },
  })
  return { ...played, left: processesWith(mark) }
}

const calls = (count: number, concurrency = 1) => ({
  load: { model: 'closed', concurrency, calls: count } as const,
})

describe('calls', () => {
  test('one process carries many calls at once, and is gone afterwards', async () => {
    const { errors, counts, end, left, valuesOf } = await against('none', calls(40, 8))
    expect(errors).toEqual([])
    expect(counts).toMatchObject({ calls: 40, errors: 0, payloadBytes: 400 })
    expect(end.connections).toBe(1)
    expect(valuesOf('process_spawn')).toBe(1)
    expect(valuesOf('protocol_setup')).toBe(1)
    expect(valuesOf('tcp_connect')).toBe(0)
    expect(valuesOf('deserialize')).toBe(40)
    expect(end.bytes.read).toBeGreaterThan(40 * 80)
    expect(left).toEqual([])
  })

  test.each(['2025-11-25', '2026-07-28'])(
    'a message tells its trace where that is asked for: %s',
    async (revision) => {
      const told = async (traceparent: boolean) => {
        const { errors, counts, traced } = await against('tracing', {
          ...calls(10, 2),
          options: { revision, traceparent },
        })
        expect(errors).toEqual([])
        return { bytes: counts.payloadBytes, slowest: traced?.slowest.length }
      }
      expect(await told(true)).toEqual({ bytes: 10 * 55, slowest: 5 })
      expect(await told(false)).toEqual({ bytes: 0, slowest: undefined })
    },
  )

  test.each(['2025-11-25', '2026-07-28'])(
    'progress in one piece with the result is not lost: %s',
    async (revision) => {
      const options = { kind: 'server-stream', revision }
      const { errors, counts, valuesOf } = await against('none', { ...calls(10, 2), options })
      expect(errors).toEqual([])
      expect(counts.payloadBytes).toBe(100)
      expect(valuesOf('inter_chunk_latency')).toBe(10)
    },
  )

  test('a cold connection is a process of its own for each call', async () => {
    const { errors, end, left } = await against('none', { ...calls(3), connection: 'cold' })
    expect(errors).toEqual([])
    expect(end.connections).toBe(3)
    expect(left).toEqual([])
  })

  test('tools are listed', async () => {
    const { errors, counts } = await against('none', {
      ...calls(5),
      options: { tool: undefined, method: 'tools/list' },
    })
    expect(errors).toEqual([])
    expect(counts.calls).toBe(5)
  })

  test('a character that two pieces share is read', async () => {
    const { errors, counts } = await against('split', calls(3))
    expect(errors).toEqual([])
    expect(counts.payloadBytes).toBe(30)
  })

  test('a greeting before the handshake harms nobody', async () => {
    expect((await against('greeting', calls(3))).errors).toEqual([])
  })

  test('the command has the environment that it is given, and of the tool’s own no more than is safe', async () => {
    process.env.INFER_BENCH_TEST_SECRET = 'open sesame'
    const bytesOf = async (name: string) => {
      const payload = {
        form: 'json',
        json: { environment: name },
        encoding: 'json',
        batch: 1,
        seed: 1,
        label: '',
      } as const
      const { counts } = await against('none', { ...calls(1), payload, options: { env: { GIVEN: 'abc' } } })
      return counts.payloadBytes - JSON.stringify(payload.json).length
    }
    expect(await bytesOf('GIVEN')).toBe(3)
    expect(await bytesOf('INFER_BENCH_TEST_SECRET')).toBe('not set'.length)
  })
})

describe('faults', () => {
  test('a program that is not there: mcp.spawn', async () => {
    const { errors } = await against('none', { options: { command: ['/no/such/program'] } })
    expect(errors[0]!.outcome).toMatchObject({ phase: 'spawn', class: 'mcp.spawn', code: 'ENOENT' })
  })

  test('a server that exits: mcp.exited, with what it said last, and a new one for the next call', async () => {
    const { classes, errors, left, end } = await against('exit', calls(3))
    expect(classes).toEqual({ 'mcp.exited': 3 })
    expect(errors[0]!.outcome.sample).toBe('the server ended with code 3: out of memory')
    expect(end.connections).toBeGreaterThan(1)
    expect(left).toEqual([])
  })

  test('garbage in place of an answer: mcp.parse, and a new process', async () => {
    const { classes, errors, counts } = await against('garbage', { ...calls(1), timeouts: { totalMs: 2000 } })
    expect(classes).toEqual({ 'mcp.parse': 1 })
    expect(errors[0]!.outcome.sample).toContain('Segmentation fault')
    expect(counts.calls).toBe(1)
  })

  test('an answer to what was not asked: mcp.wrong_id', async () => {
    expect((await against('wrong-id', calls(2))).classes).toEqual({ 'mcp.wrong_id': 2 })
  })

  test('an answer without a result: mcp.parse, and the process goes on', async () => {
    const { classes, end } = await against('no-answer', calls(3))
    expect(classes).toEqual({ 'mcp.parse': 3 })
    expect(end.connections).toBe(1)
  })

  test('an error without an id is that of the calls that are open', async () => {
    expect((await against('no-id', calls(2))).classes).toEqual({ 'mcp.-32700': 2 })
  })

  test('a tool that never answers ends with its timeout', async () => {
    const { classes, left } = await against('silent', { ...calls(2), timeouts: { totalMs: 100 } })
    expect(classes).toEqual({ 'timeout.total': 2 })
    expect(left).toEqual([])
  })

  test('a server that reads nothing is sent no more than what may wait for it', async () => {
    const json = { text: 'x'.repeat(4 * 1024 * 1024) }
    const payload = { form: 'json', json, encoding: 'json', batch: 1, seed: 1, label: '' } as const
    // One process: while it has no room, load would start others.
    const load = { model: 'closed', concurrency: 8, calls: 32, connections: 1 } as const
    const { classes, end } = await against('deaf', { load, payload, timeouts: { totalMs: 200 } })
    expect(classes).toEqual({ 'timeout.total': 32 })
    expect(end.bytes.written / json.text.length).toBeLessThan(18)
  })

  test('a revision that nobody knows: mcp.revision', async () => {
    expect((await against('old')).classes).toEqual({ 'mcp.revision': 1 })
  })

  test('a program that is no server is given up in time', async () => {
    const command = ['sleep', '60.4711']
    const { classes } = await against('none', { options: { command }, timeouts: { connectMs: 200 } })
    expect(classes).toEqual({ 'timeout.connect': 1 })
    await eventually('the program is ended', () => processesWith('60.4711').length === 0)
  })

  test('a server that ignores the end of its input and SIGTERM is killed, and what it started with it', async () => {
    const { errors, left } = await against('stubborn', calls(2))
    expect(errors).toEqual([])
    expect(left).toEqual([])
  })
})
