/**
 * A reader that makes a pause holds up its server: what is not read fills the sockets, and then the server stands still.
 * The servers here wait until there is room, and log how far they have come.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { TargetCredentials } from '../../src/drivers/credentials.ts'
import type {
  CallSlot,
  Driver,
  Outcome,
  ResumableSession,
  Session,
  SessionProbe,
  StreamingSession,
} from '../../src/drivers/driver.ts'
import { protocol } from '../../src/drivers/registry.ts'
import { UNMEASURED } from '../../src/drivers/unmeasured.ts'
import { caseOf, play } from '../contract/play.ts'
import { eventually } from '../e2e/eventually.ts'
import { CHUNKS, POURED_BYTES, POURING, type PouringServer, pouringAfterCut } from '../servers/pouring.ts'

/** For so long a server that could go on would have. */
const STILL_MS = 200
/** Sockets of this machine, windows of HTTP/2 and what a library has read ahead hold less together. */
const MOST_AHEAD = CHUNKS / 2

let server: PouringServer
let driver: Driver | null = null

afterEach(async () => {
  await driver?.close()
  driver = null
  await server.stop()
})

/** A call that counts what comes of it, and pauses when its reader likes. */
class Reading implements CallSlot {
  traceNumber = 0
  state: unknown
  chunks = 0
  bytes = 0
  readonly outcome: Promise<Outcome>
  #ended: (outcome: Outcome) => void = () => {}
  /** Called after each piece that was read. */
  onRead: () => void = () => {}

  constructor() {
    this.outcome = new Promise((resolve) => {
      this.#ended = resolve
    })
  }

  content(_tokens: number, payloadBytes: number): void {
    this.chunks++
    this.bytes += payloadBytes
  }

  decoded(): void {
    this.onRead()
  }

  end(outcome: Outcome): void {
    this.#ended(outcome)
  }

  encoded(): void {}
  written(): void {}
  writable(): void {}
  firstByte(): void {}
  received(): void {}
  tokens(): void {}
  lastByte(): void {}
  server(): void {}
}

/** `broken` is called when the session is to be opened again. */
async function open(broken: (reopen: () => Promise<void>) => void = () => {}): Promise<Session> {
  const planned = caseOf({ target: server.target })
  const { target, payload, timeouts } = planned
  const { codec, driver: make } = protocol(target.interface)
  driver = await make({
    target,
    credentials: new TargetCredentials(target),
    codec: codec({ target, payload, file: null }),
    timeouts: { ...timeouts, connectMs: 20_000 },
    trace: null,
  })
  const signal = AbortSignal.timeout(20_000)
  const probe: SessionProbe = {
    ...UNMEASURED,
    broken: () => broken(() => (session as ResumableSession).reopen(signal)),
  }
  const session = await driver.open(probe, signal)
  return session
}

/** Starts a call whose client has nothing more to send. */
function begin(session: Session, call: Reading): void {
  session.start(call)
  if (server.target.options?.kind === 'bidi') (session as StreamingSession).finish(call)
}

/** Resolves once nothing has moved for a while: the server writes nothing, and nothing is read. */
async function standstill(call: Reading): Promise<void> {
  for (;;) {
    const before = [server.poured[0]?.chunks, call.chunks]
    await sleep(STILL_MS)
    const after = [server.poured[0]?.chunks, call.chunks]
    if (before.every((value, index) => value !== undefined && value === after[index])) return
  }
}

describe.each(POURING)('$title', ({ start, isShared, tellsLeaving }) => {
  test('a pause holds the server up, and not a chunk is lost when it is over', async () => {
    server = await start()
    const session = await open()
    const call = new Reading()
    call.onRead = () => {
      call.onRead = () => {}
      session.pause(call, true)
    }
    begin(session, call)
    await standstill(call)
    const [log] = server.poured
    expect(log!.chunks).toBeLessThan(MOST_AHEAD)
    // What came in the piece that was read, and what the library had read with it.
    expect(call.chunks).toBeLessThan(64)
    const readBefore = call.chunks
    session.pause(call, false)
    expect(await call.outcome).toMatchObject({ ok: true })
    expect(readBefore).toBeLessThan(call.chunks)
    expect(log!.chunks).toBe(CHUNKS)
    expect(call.bytes).toBe(POURED_BYTES)
    session.close()
  })

  test('a call that is given up within a pause ends it', async () => {
    server = await start()
    const session = await open()
    const call = new Reading()
    call.onRead = () => {
      call.onRead = () => {}
      session.pause(call, true)
    }
    begin(session, call)
    await standstill(call)
    const readBefore = call.chunks
    session.cancel(call)
    if (tellsLeaving) await eventually('the server is left', () => server.poured[0]!.hasLeft)
    // Told twice, or of a call that is over, it does nothing.
    session.pause(call, false)
    session.pause(call, true)
    if (isShared) {
      expect(session.capacity()).toBeGreaterThan(0)
      // The connection is read again: the next call has its reply.
      const next = new Reading()
      begin(session, next)
      expect(await next.outcome).toMatchObject({ ok: true })
      expect(next.bytes).toBe(POURED_BYTES)
    }
    expect(call.chunks).toBe(readBefore)
    session.close()
  })

  test('a session that is closed within a pause is gone', async () => {
    server = await start()
    const session = await open()
    const call = new Reading()
    call.onRead = () => session.pause(call, true)
    begin(session, call)
    await standstill(call)
    session.close()
    await driver!.close()
    if (tellsLeaving) await eventually('the server is left', () => server.poured[0]!.hasLeft)
  })

  test('the whole of a call has its time, pauses or not', async () => {
    server = await start()
    const played = await play({
      target: server.target,
      reader: { every: 1, pauseMs: 60_000 },
      load: { model: 'closed', concurrency: 1, calls: 2 },
      timeouts: { connectMs: 20_000, totalMs: 300 },
    })
    expect(played.classes).toEqual({ 'timeout.total': 2 })
  })
})

test('a stream that is cut within a pause and goes on over another connection is not read there either', async () => {
  server = await pouringAfterCut()
  const session = (await open((reopened) => void reopened())) as ResumableSession
  const call = new Reading()
  call.onRead = () => {
    call.onRead = () => {}
    session.pause(call, true)
  }
  session.start(call)
  await standstill(call)
  const [log] = server.poured
  expect(call.chunks).toBe(1)
  expect(log!.chunks).toBeLessThan(MOST_AHEAD)
  session.pause(call, false)
  expect(await call.outcome).toMatchObject({ ok: true })
  expect(call.chunks).toBe(1 + CHUNKS)
  session.close()
})
