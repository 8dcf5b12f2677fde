/** Starts `otlp-receiver.py`, made from OpenTelemetry's own messages. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'
import { needs } from '../requirements.ts'

const LIBRARY = fileURLToPath(new URL('../../.cache/opentelemetry', import.meta.url))
const INSTALL =
  'python3 -m pip install --no-deps --target .cache/opentelemetry opentelemetry-proto==1.45.2 protobuf==7.36.2'

/** Messages as JSON: 64-bit integers are texts, and a field that has its default value is not there. */
export interface SentPoint {
  attributes: { key: string; value: Record<string, string | number> }[]
  start_time_unix_nano?: string
  time_unix_nano: string
  as_double?: number
  count?: string
  sum?: number
  scale?: number
  zero_count?: string
  positive?: { offset?: number; bucket_counts?: string[] }
  min?: number
  max?: number
  exemplars?: { trace_id: string; span_id: string; as_double: number; time_unix_nano: string }[]
}

interface SentMetric {
  name: string
  unit: string
  description: string
  gauge?: { data_points: SentPoint[] }
  exponential_histogram?: { data_points: SentPoint[]; aggregation_temporality: string }
}

export interface Received {
  path: string
  headers: Record<string, string>
  message: {
    resource_metrics: {
      resource: { attributes: SentPoint['attributes'] }
      scope_metrics: { scope: { name: string; version: string }; metrics: SentMetric[] }[]
    }[]
  }
}

/** `answers`: as `otlp-receiver.py` tells. Skips the test where the library is missing. */
export async function startOtlpReceiver(context: TestContext, ...answers: string[]) {
  needs(context, 'python3', 'it receives with OpenTelemetry’s protocol buffers for Python')
  needs(context, LIBRARY, `it has OpenTelemetry’s protocol buffers: ${INSTALL}`)
  const program = fileURLToPath(new URL('otlp-receiver.py', import.meta.url))
  const child = spawn('python3', [program, ...answers], {
    env: { ...process.env, PYTHONPATH: LIBRARY },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const received: Received[] = []
  const [port] = (await once(lines, 'line')) as [string]
  lines.on('line', (line) => received.push(JSON.parse(line) as Received))
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    stop: async () => {
      const closed = once(lines, 'close')
      child.kill('SIGKILL')
      await closed
    },
  }
}
