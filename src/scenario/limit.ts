/** A threshold's right-hand side, such as `< 50ms`. */

import { METRICS, type Metric, STATISTICS, type Statistic } from '../record/metrics.ts'
import { leaf } from '../values/leaf.ts'
import {
  DURATION_OR_ZERO,
  type Parsed,
  parseQuantity,
  type Quantity,
  RATE_OR_ZERO,
  SHARE,
  SIZE,
} from '../values/units.ts'

export interface Limit {
  operator: '<' | '<=' | '>' | '>='
  /** In the metric's own unit. */
  limit: number
  /** As it was written, e.g. `< 50ms`. */
  text: string
}

const COMPARISON = /^(<=|>=|<|>)(.*)$/s

const RATIO: Quantity = {
  noun: 'ratio',
  units: [
    { name: '', factor: 1 },
    { name: '%', factor: 0.01 },
  ],
  examples: ['0.5', '50%'],
  min: 0,
  max: 1_000_000,
  range: 'from 0 to 1000000',
}

const QUANTITIES: Readonly<Record<Metric['unit'], Quantity>> = {
  ms: DURATION_OR_ZERO,
  share: SHARE,
  // Tokens come faster than requests.
  'per second': { ...RATE_OR_ZERO, max: 1e12, range: 'from 0/s to 1e12/s' },
  ratio: RATIO,
  bytes: { ...SIZE, min: 0, max: 1e12, range: 'from 0B', whole: false },
}

export function limit(unit: Metric['unit']) {
  const quantity = QUANTITIES[unit]
  const examples = quantity.examples.map((example) => `< ${example}`)
  const cure = `Write it in quotes, like "${examples[0]}"; <, <=, > and >= are understood.`
  return leaf(
    (raw): Parsed<Limit> => {
      const match = typeof raw === 'string' ? COMPARISON.exec(raw.trim()) : null
      if (!match) return { message: 'a threshold begins with a comparison', cure }
      const [whole, operator, bound] = match
      const parsed = parseQuantity(bound, quantity)
      if (!('value' in parsed)) return parsed
      return { value: { operator: operator as Limit['operator'], limit: parsed.value, text: whole } }
    },
    { type: 'string', pattern: '^(<=|>=|<|>) ?[0-9.]', examples },
    cure,
  )
}

/** Every one that `parseMetric` knows. */
export const METRIC_NAMES: readonly string[] = METRICS.flatMap(({ name, scope }) =>
  scope === 'round' ? [name] : STATISTICS.map((statistic) => `${name}.${statistic}`),
)

/** `request_latency.p99`, or the name of a metric that is one number a round. */
export function parseMetric(text: string): { metric: Metric; statistic: Statistic | null } | null {
  const [name, statisticName, ...rest] = text.split('.')
  const metric = METRICS.find((candidate) => candidate.name === name)
  if (!metric || rest.length > 0) return null
  if (metric.scope === 'round') return statisticName === undefined ? { metric, statistic: null } : null
  const statistic = STATISTICS.find((candidate) => candidate === statisticName)
  return statistic ? { metric, statistic } : null
}
