import { describe, expect, test } from 'vitest'
import {
  floorFindings,
  type MachineFacts,
  machineFindings,
  providerFinding,
  RULES,
} from '../../src/result/diagnosis.ts'

const WELL: MachineFacts = {
  node: { version: '26.0.0', path: '/usr/bin/node' },
  os: 'Linux x64',
  kernel: '6.1',
  cpu: 'a CPU',
  cores: 8,
  cpu_quota: null,
  steal_share: 0,
  governors: ['performance'],
  clock_resolution_ms: 0.00004,
  clock_source: 'tsc',
  timer_lateness: { p50_ms: 0.1, p99_ms: 0.9 },
  file_descriptors: { soft: 65_536, hard: null },
  ephemeral_ports: { first: 32_768, last: 60_999 },
  somaxconn: 4096,
}

const BAD: [string, Partial<MachineFacts>][] = [
  ['clock resolution', { clock_resolution_ms: 0.01 }],
  ['timer lateness', { timer_lateness: { p50_ms: 1, p99_ms: 6 } }],
  ['cores', { cores: 1 }],
  ['CPU quota', { cpu_quota: 1.5 }],
  ['stolen CPU time', { steal_share: 0.05 }],
  ['CPU governor', { governors: ['performance', 'powersave'] }],
  ['file descriptors', { file_descriptors: { soft: 1024, hard: 1024 } }],
  ['ephemeral ports', { ephemeral_ports: { first: 40_000, last: 50_000 } }],
  ['somaxconn', { somaxconn: 128 }],
]

describe('a machine', () => {
  test('that is well has nothing to be done about it', () => {
    const findings = machineFindings(WELL)
    expect(findings.map(({ name }) => name)).toEqual(RULES.map(({ name }) => name))
    expect(findings.filter(({ state, advice }) => state !== 'good' || advice !== null)).toEqual([])
  })

  test.each(BAD)('is told what to do about %s', (name, facts) => {
    const bad = machineFindings({ ...WELL, ...facts }).filter(({ state }) => state === 'bad')
    expect(bad.map((finding) => finding.name)).toEqual([name])
    expect(bad[0]!.advice).toMatch(/\w.*\w/)
  })

  test('that tells nothing is neither good nor bad', () => {
    const nothing = {
      steal_share: null,
      governors: null,
      file_descriptors: null,
      ephemeral_ports: null,
      somaxconn: null,
    }
    const unknown = machineFindings({ ...WELL, ...nothing }).filter(({ state }) => state === 'unknown')
    expect(unknown.map(({ name }) => name)).toEqual([
      'stolen CPU time',
      'CPU governor',
      'file descriptors',
      'ephemeral ports',
      'somaxconn',
    ])
  })
})

test('a floor that is high, or could not be measured, is bad', () => {
  const floor = { interface: 'rest', api: 'raw', p99_ms: 9, calls_per_second: 10, concurrency: 32 }
  const found = floorFindings([
    { ...floor, p50_ms: 0.2, reason: null },
    { ...floor, p50_ms: 3, reason: null },
    { ...floor, p50_ms: null, reason: 'it broke' },
  ])
  expect(found.map(({ state }) => state)).toEqual(['good', 'bad', 'bad'])
  expect(found[2]!.advice).toBe('it broke')
})

describe('ONNX Runtime', () => {
  const trial = (provider: string, version: string | null) => ({
    provider,
    version,
    reason: version === null ? 'no library' : null,
  })

  test('is well where one provider runs', () => {
    const found = providerFinding({ providers: [trial('cuda', null), trial('cpu', '1.30.0')], missing: null })
    expect(found).toMatchObject({ state: 'good', found: '1.30.0: cpu' })
  })

  test('says how to get it, or why none runs', () => {
    expect(providerFinding({ providers: [], missing: 'npm install it' })).toMatchObject({
      state: 'bad',
      advice: 'npm install it',
    })
    expect(providerFinding({ providers: [trial('cpu', null)], missing: null })).toMatchObject({
      state: 'bad',
      advice: 'cpu: no library',
    })
  })
})
