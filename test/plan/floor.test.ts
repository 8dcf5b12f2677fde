import { describe, expect, test } from 'vitest'
import { floorKey, floorLoads, noFloorReason, wantsFloor } from '../../src/plan/floor.ts'
import type { Case, Load, Payload, Target } from '../../src/plan/plan.ts'
import { caseOf, NOTHING } from '../contract/play.ts'

function rest(load: Partial<Load>, more: Partial<Case> = {}, target: Partial<Target> = {}): Case {
  const planned = caseOf({ target: { interface: 'rest', url: 'http://127.0.0.1/', ...target }, load })
  return { ...planned, ...more }
}

const closed = (durationMs: number, more: Partial<Load> = {}): Partial<Load> => ({
  durationMs,
  calls: null,
  ...more,
})

describe('whether a floor is measured', () => {
  test.each([
    ['2 s of one case', [rest(closed(2000))], true],
    ['less', [rest(closed(1900))], false],
    ['2 s in rounds and warm-ups', [rest(closed(400, { warmupMs: 100 }), { rounds: 4 })], true],
    ['2 s in cases that have it in common', [rest(closed(1000)), rest(closed(1000))], true],
    ['2,000 calls', [rest({ calls: 1000 }, { rounds: 2 })], true],
    ['fewer', [rest({ calls: 1999 })], false],
    ['a ramp of 2 s', [rest({ ...ramp(2000) })], true],
    ['one that is asked for', [rest(closed(10), { floor: 'on' })], true],
    ['one that is not to be', [rest(closed(60_000), { floor: 'off' })], false],
  ])('%s: %s', (_name, alike, wanted) => {
    expect(wantsFloor(alike as Case[])).toBe(wanted)
  })
})

function ramp(durationMs: number): Partial<Load> {
  const stages = [{ ratePerSecond: 200, durationMs }]
  return { model: 'ramp', startRatePerSecond: 50, stages, durationMs: null, calls: null } as Partial<Load>
}

function lengthMs({ warmup, measured }: ReturnType<typeof floorLoads>): number {
  return warmup.durationMs! + measured.durationMs!
}

describe('the load of a floor', () => {
  test('takes a tenth of all cases that ask for it, within bounds', () => {
    expect(lengthMs(floorLoads([rest(closed(2000))], null))).toBeCloseTo(200)
    expect(lengthMs(floorLoads([rest(closed(2000)), rest(closed(2000), { rounds: 2 })], null))).toBeCloseTo(
      600,
    )
    expect(lengthMs(floorLoads([rest(closed(60_000))], null))).toBeCloseTo(1250)
    expect(lengthMs(floorLoads([rest(closed(50), { floor: 'on' })], null))).toBeCloseTo(100)
  })

  test('is the case’s own in a closed loop, and a tenth of its calls', () => {
    const { warmup, measured } = floorLoads([rest({ concurrency: 7, calls: 1000 }, { rounds: 3 })], null)
    expect(measured).toMatchObject({ model: 'closed', concurrency: 7, calls: 300, warmupMs: 0 })
    expect(warmup).toMatchObject({ model: 'closed', concurrency: 7, calls: null })
  })

  test('is the case’s own rate, raised where it would give no median', () => {
    const at = (ratePerSecond: number) =>
      floorLoads([rest(closed(60_000, { model: 'constant', ratePerSecond } as Partial<Load>))], null).measured
    expect(at(500)).toMatchObject({ model: 'constant', ratePerSecond: 500 })
    expect(at(1)).toMatchObject({ model: 'constant', ratePerSecond: 30 })
  })

  test('is the highest rate of a ramp', () => {
    expect(floorLoads([rest(ramp(60_000))], null).measured).toMatchObject({
      model: 'constant',
      ratePerSecond: 200,
    })
  })
})

describe('floors in common', () => {
  const key = (planned: Case, scheme = 'http:') => floorKey(planned, scheme)
  const size = (byteCount: number, seed = 1): Partial<Case> => ({
    payload: { ...NOTHING, form: 'size', byteCount, seed } as Payload,
  })

  test('have cases that differ in their server, their token or their length only', () => {
    const one = rest(closed(1000), size(1024))
    const other = rest(closed(9000, { warmupMs: 5 }), size(1024, 2), {
      name: 'other',
      url: 'http://other/',
      headers: { authorization: 'Bearer x' },
    })
    expect(key(other)).toBe(key(one))
  })

  test.each([
    ['size', rest(closed(1000), size(2048))],
    ['concurrency', rest(closed(1000, { concurrency: 2 }), size(1024))],
    ['model', rest(closed(1000, { model: 'constant', ratePerSecond: 9 } as Partial<Load>), size(1024))],
    ['connection', rest(closed(1000), size(1024), { connection: 'cold' })],
    ['HTTP version', rest(closed(1000), size(1024), { options: { http: '2' } })],
  ])('have no cases of another %s', (_name, other) => {
    expect(key(other)).not.toBe(key(rest(closed(1000), size(1024))))
  })

  test('have no cases of which one is over TLS', () => {
    expect(key(rest({}), 'https:')).not.toBe(key(rest({}), 'http:'))
  })
})

test('a call that sends for long has none, and says why', () => {
  const sending = (messages: number) =>
    noFloorReason({
      ...rest({}, {}, { interface: 'grpc', options: { kind: 'bidi' } }),
      payload: { ...NOTHING, messages, messageIntervalMs: 100 },
    })
  expect(sending(6)).toBeNull()
  expect(sending(31)).toContain('3.0 s')
})
