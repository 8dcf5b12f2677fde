/** `doctor` on this very machine, as scripts and as people read it. */

import { expect, test, vi } from 'vitest'
import { PROTOCOLS } from '../../src/drivers/registry.ts'
import type { Diagnosis } from '../../src/result/diagnosis.ts'
import { cli } from './cli.ts'

/** It takes ten seconds, and several times as long on a machine that is busy with other tests. */
vi.setConfig({ testTimeout: 120_000 })

const NUMBER_OR_NULL = expect.toSatisfy((value: unknown) => value === null || typeof value === 'number')
const TEXT_OR_NULL = expect.toSatisfy((value: unknown) => value === null || typeof value === 'string')

test('--json has every field, and a floor for every protocol', async () => {
  const { code, stdout, stderr } = await cli(['doctor', '--json'])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  const diagnosis = JSON.parse(stdout) as Diagnosis
  expect(diagnosis).toEqual({
    tool: expect.stringMatching(/^\d+\.\d+\.\d+/),
    machine: {
      node: { version: process.versions.node, path: process.execPath },
      os: expect.any(String),
      kernel: expect.any(String),
      cpu: expect.any(String),
      cores: expect.any(Number),
      cpu_quota: NUMBER_OR_NULL,
      steal_share: NUMBER_OR_NULL,
      governors: expect.toSatisfy((value: unknown) => value === null || Array.isArray(value)),
      clock_resolution_ms: expect.any(Number),
      clock_source: TEXT_OR_NULL,
      timer_lateness: { p50_ms: expect.any(Number), p99_ms: expect.any(Number) },
      file_descriptors: process.platform === 'linux' ? { soft: NUMBER_OR_NULL, hard: NUMBER_OR_NULL } : null,
      ephemeral_ports:
        process.platform === 'linux' ? { first: expect.any(Number), last: expect.any(Number) } : null,
      somaxconn: NUMBER_OR_NULL,
    },
    floors: PROTOCOLS.map(({ name }) => ({
      interface: name,
      api: expect.any(String),
      p50_ms: expect.any(Number),
      p99_ms: expect.any(Number),
      calls_per_second: expect.any(Number),
      concurrency: 32,
      reason: null,
    })),
    onnxruntime: { providers: expect.any(Array), missing: TEXT_OR_NULL },
    findings: expect.any(Array),
  })
  for (const { p50_ms: p50Ms, p99_ms: p99Ms, calls_per_second: rate } of diagnosis.floors) {
    expect(p50Ms).toBeGreaterThan(0)
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms!)
    expect(rate).toBeGreaterThan(0)
  }
  for (const finding of diagnosis.findings) {
    expect(finding).toEqual({
      name: expect.any(String),
      found: expect.stringMatching(/./),
      limit: expect.stringMatching(/./),
      state: expect.stringMatching(/^(good|bad|unknown)$/),
      advice: finding.state === 'bad' ? expect.stringMatching(/./) : null,
    })
  }
})

test('a person reads the floors, the machine, and what to do', async () => {
  const { code, stdout, stderr } = await cli(['doctor'])
  expect(code).toBe(0)
  expect(stderr).toBe('')
  for (const text of ['What this machine can measure', 'clock resolution', 'ONNX Runtime', 'What to do']) {
    expect(stdout).toContain(text)
  }
  for (const { name } of PROTOCOLS) expect(stdout).toContain(name)
})
