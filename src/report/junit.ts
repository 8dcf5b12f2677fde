/**
 * Checks as JUnit XML, which CI systems show as tests: a test suite for each result, a test case for each check.
 * Source: the schema of Jenkins' xUnit plugin, which GitLab and others read as well.
 */

import type { Comparison, GateOutcome } from '../result/comparison.ts'
import type { Result } from '../result/document.ts'
import { type Check, checksOf, checksOfComparisons } from './checks.ts'
import { clean } from './clean.ts'

interface Suite {
  name: string
  /** ISO 8601; null where it has no time of its own. */
  timestamp: string | null
  seconds: number
  checks: readonly Check[]
}

export function junitReport(results: readonly Result[]): string {
  return document(
    results.map((result) => ({
      name: result.name,
      timestamp: result.start_time,
      seconds: (Date.parse(result.end_time) - Date.parse(result.start_time)) / 1000,
      checks: checksOf(result),
    })),
  )
}

export function junitComparison(comparisons: readonly Comparison[], outcome: GateOutcome | null): string {
  const checks = checksOfComparisons(comparisons, outcome)
  const [first] = comparisons
  const name = first ? `${first.baseline} → ${comparisons.map(({ candidate }) => candidate).join(', ')}` : ''
  return document([{ name, timestamp: null, seconds: 0, checks }])
}

function document(suites: readonly Suite[]): string {
  const all = suites.flatMap(({ checks }) => checks)
  const seconds = suites.reduce((sum, suite) => sum + suite.seconds, 0)
  const { skipped: _, ...counts } = countsOf(all)
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites${attributes({ name: 'infer-bench', ...counts, time: seconds.toFixed(3) })}>
${suites.map(suiteOf).join('\n')}
</testsuites>
`
}

function suiteOf({ name, timestamp, seconds, checks }: Suite): string {
  const head = attributes({
    name: clean(name),
    ...countsOf(checks),
    time: seconds.toFixed(3),
    ...(timestamp !== null && { timestamp }),
  })
  return `  <testsuite${head}>\n${checks.map(testCase).join('\n')}\n  </testsuite>`
}

function countsOf(checks: readonly Check[]) {
  const count = (outcome: Check['outcome']) =>
    String(checks.filter((check) => check.outcome === outcome).length)
  return {
    tests: String(checks.length),
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  }
}

function testCase({ scope, name, outcome, message }: Check): string {
  const head = `    <testcase${attributes({ classname: scope, name })}`
  if (outcome === 'pass') return `${head}/>`
  // Of all elements only this one has no attribute for it.
  const inner =
    outcome === 'skipped'
      ? `<skipped>${escaped(message)}</skipped>`
      : `<${outcome}${attributes({ message })}>${escaped(`${scope}: ${name}: ${message}`)}</${outcome}>`
  return `${head}>\n      ${inner}\n    </testcase>`
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(value)}"`)
    .join('')
}

/** Texts are clean: no control character, which XML cannot hold at all, is left in them. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
