/** What a report says of a result, in the order in which a person asks. */

import { metricByName } from '../record/metrics.ts'
import type { CaseResult, Result } from '../result/document.ts'
import { wasIdle } from '../result/idle.ts'
import { caseTables } from './case-tables.ts'
import { latencyTable } from './charts/latency-over-time.ts'
import { claimsTable } from './claims-table.ts'
import { clean } from './clean.ts'
import { comparisonParts } from './comparison-page.ts'
import { environmentFacts, pageTitle, scenarioWarnings } from './facts.ts'
import { floorNotes } from './floor-notes.ts'
import { matrixOf } from './matrix/matrix.ts'
import { resourcesTable } from './matrix/resources.ts'
import { duration, measured, whole } from './numbers.ts'
import { type Cell, EMPTY, type Lines, type Page, plain, type Table, textColumn } from './page.ts'
import { searchParts } from './search-table.ts'
import { traceTable } from './trace-table.ts'

const MOST_ERRORS_SHOWN = 30
const MOST_CASES_NAMED = 2

export function resultPage(result: Result): Page {
  const parts = [
    ...searchParts(result.cases),
    ...caseTables(result.cases),
    // What calls take stands in the tables above; what sessions take beside it has no other place.
    result.cases.some(wasIdle) ? resourcesTable(matrixOf(result).rows) : null,
    latencyTable(result.cases),
    errorTable(result.cases),
    traceTable(result.cases),
    ...(result.comparison ? comparisonParts(result.comparison) : []),
    claimsTable(result),
    thresholdTable(result),
    verdictLines(result),
    noteLines(result),
  ]
  return {
    title: pageTitle(result),
    facts: environmentFacts(result),
    parts: parts.filter((part) => part !== null),
  }
}

export function errorTable(cases: readonly CaseResult[]): Table | null {
  const errors = cases
    .flatMap((result) => result.errors.map((error) => ({ result, error })))
    .sort((left, right) => right.error.count - left.error.count)
  if (errors.length === 0) return null
  const shown = errors.slice(0, MOST_ERRORS_SHOWN)
  const rows = shown.map(({ result, error }): Cell[] => [
    plain(clean(result.name)),
    plain(clean(error.phase)),
    { text: clean(error.class), tone: 'bad' },
    plain(clean(error.code)),
    plain(whole(error.count)),
    error.time_to_failure ? plain(duration(error.time_to_failure.p50)) : EMPTY,
    plain(clean(error.sample)),
  ])
  const left = errors.length - shown.length
  return {
    title: left > 0 ? `Errors (${whole(left)} rarer kinds are not shown)` : 'Errors',
    columns: [
      textColumn('case'),
      textColumn('phase', 2),
      textColumn('class'),
      textColumn('code', 3),
      textColumn('count', 0, 'right'),
      textColumn('after p50', 4, 'right'),
      textColumn('sample'),
    ],
    rows,
  }
}

export function thresholdTable({ thresholds }: Result): Table | null {
  if (thresholds.length === 0) return null
  const hasReasons = thresholds.some(({ reason }) => reason)
  return {
    title: 'Thresholds',
    columns: [
      textColumn('verdict'),
      textColumn('threshold'),
      textColumn('case'),
      textColumn('measured', 0, 'right'),
      ...(hasReasons ? [textColumn('reason')] : []),
    ],
    rows: thresholds.map((threshold): Cell[] => [
      threshold.passed ? { text: 'pass', tone: 'good' } : { text: 'FAIL', tone: 'bad' },
      plain(clean(threshold.says)),
      plain(clean(threshold.case)),
      threshold.value === null
        ? EMPTY
        : plain(`${threshold.at_least ? '>=' : ''}${measured(threshold.metric, threshold.value)}`),
      ...(hasReasons ? [plain(clean(threshold.reason ?? ''))] : []),
    ]),
  }
}

export function verdictLines({ verdict, cases, incomplete }: Result): Lines {
  const invalid = cases.filter((result) => !result.verdict.valid)
  const ofCases = invalid.flatMap((result) =>
    (result.verdict.reasons.length > 0 ? result.verdict.reasons : ['no reason told']).map(
      (reason) => `${clean(result.name)}: ${clean(reason)}`,
    ),
  )
  // A run's reasons are mostly its cases'.
  const reasons = new Set([...verdict.reasons.map(clean), ...ofCases])
  const count = invalid.length > 0 ? ` of ${invalid.length} of ${whole(cases.length)} cases` : ''
  const hasNotes = [verdict, ...cases.map((result) => result.verdict)].some(
    ({ notes }) => Object.keys(notes ?? {}).length > 0,
  )
  const trusted = `can be trusted${hasNotes ? ', read as the notes say' : ''}`
  let summary: Cell = { text: `INVALID: the numbers${count} cannot be trusted as they stand`, tone: 'bad' }
  if (verdict.valid) summary = { text: `valid: these numbers ${trusted}`, tone: 'good' }
  else if (incomplete && invalid.length === 0) {
    summary = { text: `INCOMPLETE: the run ended early; what was measured before ${trusted}`, tone: 'bad' }
  }
  return {
    title: 'Verdict',
    lines: [summary, ...[...reasons].map((text): Cell => ({ text, tone: 'plain' }))],
  }
}

function noteLines(result: Result): Lines | null {
  const lines = [
    ...scenarioWarnings(result),
    ...Object.entries(result.verdict.notes ?? {}).map(([what, note]) => `${clean(what)} ${clean(note)}`),
    ...caseNotes(result.cases),
    ...floorNotes(result.cases),
    ...openCallNote(result.cases),
    ...absences(result.cases),
  ]
  return lines.length > 0 ? { title: 'Notes', lines: lines.map(plain) } : null
}

/** A line for each note, whatever number of cases and metrics it is about. */
function caseNotes(cases: readonly CaseResult[]): string[] {
  const lines = new Map<string, string[]>()
  for (const { name, verdict } of cases) {
    const byNote = Map.groupBy(Object.entries(verdict.notes ?? {}), ([, note]) => note)
    for (const [note, entries] of byNote) {
      const line = `${entries.map(([metric]) => clean(metric)).join(', ')} ${clean(note)}`
      lines.set(line, [...(lines.get(line) ?? []), clean(name)])
    }
  }
  return [...lines].map(([line, names]) => `${/^\S+ >=/.test(line) ? '' : '*: '}${names.join(', ')}: ${line}`)
}

function openCallNote(cases: readonly CaseResult[]): string[] {
  const names = cases
    .filter(({ metrics }) => Object.values(metrics).some(({ at_least: moved }) => moved && moved.length > 0))
    .map(({ name }) => clean(name))
  if (names.length === 0) return []
  return [
    `>=: calls were still open when a round ended, and could have moved the value (${names.join(', ')})`,
  ]
}

function isOfConnection(metric: string): boolean {
  const scope = metricByName(metric)?.scope
  return scope === 'handshake' || scope === 'connection'
}

/** What is not there, once for each reason. A phase that no handshake of the run has surprises nobody, nor that no server refused. */
function absences(cases: readonly CaseResult[]): string[] {
  const byReason = new Map<string, { metrics: Set<string>; cases: Set<string> }>()
  const measured = new Set(cases.flatMap(({ metrics }) => Object.keys(metrics)))
  for (const { name, absent } of cases) {
    for (const [metric, reason] of Object.entries(absent)) {
      if (metricByName(metric)?.scope === 'refusal') continue
      if (isOfConnection(metric) && !measured.has(metric)) continue
      const entry = byReason.get(reason) ?? { metrics: new Set(), cases: new Set() }
      byReason.set(reason, entry)
      entry.metrics.add(clean(metric))
      entry.cases.add(clean(name))
    }
  }
  return [...byReason].map(([reason, { metrics, cases: names }]) => {
    const named =
      names.size > MOST_CASES_NAMED ? `${names.size} of ${cases.length} cases` : [...names].join(', ')
    const where = names.size === cases.length ? '' : ` (${named})`
    return `absent: ${[...metrics].join(', ')}${where}: ${clean(reason)}`
  })
}
