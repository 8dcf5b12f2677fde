/** A threshold's right-hand side, such as `< 50ms`, `<= baseline + 5%` or `{ limit: "< 50ms", abort_on_fail: true }`. */

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
  /** In the metric's own unit; of one that is held against a baseline, how much more (or less) than it. */
  limit: number
  /** What `limit` is held against: nothing, the baseline's value, or shares of it. */
  beside: Beside
  abortOnFail: boolean
  /** As it was written, e.g. `< 50ms`. */
  text: string
}

/** `baseline`: `limit` is added to its value. `share`: `limit` is a share of it that is added. */
type Beside = 'nothing' | 'baseline' | 'share'

const COMPARISON = /^(<=|>=|<|>)(.*)$/s
const BASELINE = /^baseline(?:\s*([+-])(.*))?$/s
const KEYS = ['limit', 'abort_on_fail']

export const RATIO: Quantity = {
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

/** By how much of its baseline a metric may differ. */
const MORE: Quantity = { ...SHARE, examples: ['5%', '20%'], max: 100, range: 'from 0% to 10000%' }

const QUANTITIES: Readonly<Record<Metric['unit'], Quantity>> = {
  ms: DURATION_OR_ZERO,
  share: SHARE,
  // Tokens come faster than requests.
  'per second': { ...RATE_OR_ZERO, max: 1e12, range: 'from 0/s to 1e12/s' },
  ratio: RATIO,
  bytes: { ...SIZE, min: 0, max: 1e12, range: 'from 0B', whole: false },
}

/** What a metric's values are written as. */
export function quantityOf(unit: Metric['unit']): Quantity {
  return QUANTITIES[unit]
}

export function limit(unit: Metric['unit']) {
  const quantity = quantityOf(unit)
  const examples = [...quantity.examples.map((example) => `< ${example}`), '<= baseline + 5%']
  const cure = `Write it in quotes, like "${examples[0]}"; <, <=, > and >= are understood.`
  const text = { type: 'string', pattern: '^(<=|>=|<|>) ?([0-9.]|baseline)', examples }
  const properties = {
    limit: { type: 'string', description: 'What must hold.' },
    abort_on_fail: {
      type: 'boolean',
      description: 'The run ends with the first round after which it does not hold.',
    },
  }
  return leaf(
    (raw): Parsed<Limit> => {
      if (typeof raw !== 'object' || raw === null) return parseLimit(raw, quantity, cure, false)
      const { limit: written, abort_on_fail: abortOnFail = false } = raw as Record<string, unknown>
      const isKnown = Object.keys(raw).every((key) => KEYS.includes(key)) && typeof abortOnFail === 'boolean'
      if (isKnown) return parseLimit(written, quantity, cure, abortOnFail as boolean)
      const example = `{ limit: "${examples[0]}", abort_on_fail: true }`
      return { message: 'this is not a threshold', cure: `Write it like "${examples[0]}" or ${example}.` }
    },
    { anyOf: [text, { type: 'object', properties, required: ['limit'], additionalProperties: false }] },
    cure,
  )
}

function parseLimit(raw: unknown, quantity: Quantity, cure: string, abortOnFail: boolean): Parsed<Limit> {
  const match = typeof raw === 'string' ? COMPARISON.exec(raw.trim()) : null
  if (!match) return { message: 'a threshold begins with a comparison', cure }
  const [text, operator, bound] = match
  const parsed = parseBound(bound!.trim(), quantity)
  if (!('value' in parsed)) return parsed
  return { value: { operator: operator as Limit['operator'], ...parsed.value, abortOnFail, text } }
}

function parseBound(text: string, quantity: Quantity): Parsed<Pick<Limit, 'limit' | 'beside'>> {
  const [isBeside, sign, more] = BASELINE.exec(text) ?? []
  if (isBeside === undefined && text.startsWith('baseline')) {
    const [example] = quantity.examples
    const cure = `Write it like "<= baseline + 5%", "<= baseline + ${example}" or ">= baseline - 5%".`
    return { message: 'this is no limit beside a baseline', cure }
  }
  if (isBeside === undefined) {
    const parsed = parseQuantity(text, quantity)
    return 'value' in parsed ? { value: { limit: parsed.value, beside: 'nothing' } } : parsed
  }
  if (more === undefined) return { value: { limit: 0, beside: 'baseline' } }
  // Of a metric that is a share itself, `+ 1%` means a point more.
  const isShare = more.trim().endsWith('%') && quantity !== SHARE
  const parsed = parseQuantity(more.trim(), isShare ? MORE : quantity)
  if (!('value' in parsed)) return parsed
  const limit = sign === '-' ? -parsed.value : parsed.value
  return { value: { limit, beside: isShare ? 'share' : 'baseline' } }
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
