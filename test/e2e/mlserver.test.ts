/** A server that nobody here wrote, in another language: its REST and its gRPC measured side by side. */

import { afterAll, expect, test } from 'vitest'
import { needs } from '../requirements.ts'
import { INSTALL, type MlServer, PROGRAM, startMlServer } from '../servers/mlserver/start.ts'
import { runScenario } from './cli.ts'

let server: MlServer | null = null

afterAll(() => server?.stop())

test('MLServer speaks the Open Inference Protocol over REST and gRPC', {
  timeout: 120_000,
}, async (context) => {
  needs(context, 'python3', 'it runs MLServer')
  needs(context, PROGRAM, INSTALL)
  server = await startMlServer()
  const { result, code, stdout } = await runScenario(
    `name: mlserver
targets:
  rest: { interface: rest, api: kserve-v2, url: "${server.httpUrl}", model: echo }
  grpc: { interface: grpc, api: kserve-v2, url: "${server.grpcUrl}", model: echo }
defaults:
  payload: { size: 1KiB }
  load: { concurrency: 4, calls: 100, warmup: 200ms }
  rounds: 2
cases:
  - { target: [rest, grpc] }
  - { name: grpc binary, target: grpc, payload: { encoding: binary } }
  - { name: pixels, target: [rest, grpc], payload: { tensor: INPUT__0, datatype: UINT8, shape: [1, 3, 16, 16] } }
  - { name: halves, target: grpc, payload: { tensor: x, datatype: FP16, size: 1KiB, batch: 4, encoding: binary } }
thresholds:
  all: { error_rate: "< 0.1%" }
`,
    ['--quiet'],
  )
  expect(code).toBe(0)
  expect(result.cases.map(({ target, summary }) => [target, summary.calls, summary.errors])).toEqual([
    ['rest', 200, 0],
    ['grpc', 200, 0],
    ['grpc', 200, 0],
    ['rest', 200, 0],
    ['grpc', 200, 0],
    ['grpc', 200, 0],
  ])
  for (const { metrics } of result.cases) {
    expect(metrics.request_latency!.count).toBe(200)
    expect(metrics.serialize!.count).toBe(200)
    expect(metrics.handshake!.count).toBeGreaterThan(0)
  }
  expect(stdout).toContain('grpc binary')
})
