/** One result of the page, from its summary to why it can be trusted. */

import type { ReportView } from '../../plan/plan.ts'
import type { Result } from '../../result/document.ts'
import { advicePage } from '../advice/page.ts'
import { clean } from '../clean.ts'
import { resultPage } from '../content.ts'
import { matrixOf } from '../matrix/matrix.ts'
import { matrixPage } from '../matrix/page.ts'
import { percent, whole } from '../numbers.ts'
import type { Lines, Page, Table } from '../page.ts'
import { chartsOf } from './charts.ts'
import { environmentHtml } from './environment.ts'
import { figureHtml } from './figure.ts'
import { html, type Markup } from './markup.ts'
import { type InvalidCases, partHtml } from './parts.ts'

type Part = Table | Lines

/** What the table of contents leads to. */
export interface Place {
  title: string
  id: string
  within: readonly Place[]
}

export interface Section {
  place: Place
  markup: Markup
}

interface Block {
  place: Place
  markup: Markup
}

/** What is about whether to believe the numbers stands at the end, together. */
const VALIDITY = new Set(['Verdict', 'Notes'])

/** `id`: what all ids of the section begin with. */
export function sectionHtml(result: Result, view: ReportView, id: string): Section {
  const page = resultPage(result)
  const invalid = invalidCases(result)
  const matrix = hasMatrix(result, view) ? partsOfItsOwn(matrixPage(result), page) : []
  const advice = view === 'advice' ? partsOfItsOwn(advicePage(result), page) : []
  const blocks = [
    partsBlock('By purpose', `${id}-purposes`, advice, invalid),
    partsBlock('By interface', `${id}-interfaces`, matrix, invalid),
    partsBlock(
      'By case',
      `${id}-cases`,
      page.parts.filter(({ title }) => !VALIDITY.has(title)),
      invalid,
    ),
    chartsBlock(result, `${id}-charts`),
    { place: leaf('Environment', `${id}-environment`), markup: environmentHtml(result) },
    partsBlock(
      'Validity',
      `${id}-validity`,
      page.parts.filter(({ title }) => VALIDITY.has(title)),
      invalid,
    ),
  ].filter((block) => block !== null)
  return {
    place: { title: page.title, id, within: blocks.map(({ place }) => place) },
    markup: html`<article class="result" id="${id}" aria-labelledby="${id}-title">
${summaryHtml(result, page, id)}${blocks.map(blockHtml)}</article>
`,
  }
}

function blockHtml({ place: { title, id }, markup }: Block): Markup {
  return html`<section class="block ${id.slice(id.indexOf('-') + 1)}" id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${markup}</section>
`
}

function leaf(title: string, id: string): Place {
  return { title, id, within: [] }
}

function summaryHtml(result: Result, { title, facts }: Page, id: string): Markup {
  const { tone, word } = verdictWord(result)
  return html`<header class="summary">
<p class="verdict verdict-${tone}"><a href="#${id}-validity">${word}</a></p>
<h1 id="${id}-title">${title}</h1>
<p class="tally">${tally(result).join(' · ')}</p>
<ul class="facts">
${facts.map((fact) => html`<li>${fact}</li>\n`)}</ul>
</header>
`
}

function verdictWord({ verdict, incomplete, cases }: Result): { tone: 'good' | 'bad'; word: string } {
  if (verdict.valid) return { tone: 'good', word: 'Valid' }
  const isOnlyIncomplete = incomplete && cases.every((one) => one.verdict.valid)
  return { tone: 'bad', word: isOnlyIncomplete ? 'Incomplete' : 'Invalid' }
}

function tally({ cases, thresholds }: Result): string[] {
  const invalidCount = cases.filter(({ verdict }) => !verdict.valid).length
  const calls = cases.reduce((sum, { summary }) => sum + summary.calls, 0)
  const errors = cases.reduce((sum, { summary }) => sum + summary.errors, 0)
  const passed = thresholds.filter((threshold) => threshold.passed).length
  return [
    `${whole(cases.length)} ${cases.length === 1 ? 'case' : 'cases'}${invalidCount > 0 ? `, ${whole(invalidCount)} invalid` : ''}`,
    `${whole(calls)} calls`,
    errors > 0 ? `${whole(errors)} errors (${percent(errors / Math.max(1, calls))})` : 'no errors',
    ...(thresholds.length > 0 ? [`${whole(passed)} of ${whole(thresholds.length)} thresholds passed`] : []),
  ]
}

function invalidCases({ cases }: Result): InvalidCases {
  const invalid = new Map<string, readonly string[]>()
  for (const { name, verdict } of cases.filter((one) => !one.verdict.valid)) {
    const told = verdict.reasons.length > 0 ? verdict.reasons.map(clean) : ['no reason told']
    invalid.set(clean(name), []).set(`${clean(name)} (invalid)`, told)
  }
  return invalid
}

/** Where nobody asked for it, the matrix is shown if it has a row that tells latency and throughput. */
function hasMatrix(result: Result, view: ReportView): boolean {
  const { rows } = matrixOf(result)
  if (view === 'matrix') return rows.length > 0
  return rows.some(({ cells }) => cells.latency_p50.value !== null && cells.throughput.value !== null)
}

/** What the other page does not say as well. */
function partsOfItsOwn(page: Page, other: Page): Part[] {
  const known = new Set(
    other.parts.flatMap((part) =>
      'lines' in part ? part.lines.map(({ text }) => text) : JSON.stringify(part),
    ),
  )
  return page.parts
    .map((part) =>
      'lines' in part ? { ...part, lines: part.lines.filter(({ text }) => !known.has(text)) } : part,
    )
    .filter((part) => ('lines' in part ? part.lines.length > 0 : !known.has(JSON.stringify(part))))
}

function partsBlock(title: string, id: string, parts: readonly Part[], invalid: InvalidCases): Block | null {
  if (parts.length === 0) return null
  const places = parts.map((part, index) => leaf(part.title, `${id}-${index + 1}`))
  return {
    place: { title, id, within: parts.length > 1 ? places : [] },
    markup: html`${parts.map((part, index) => partHtml(part, places[index]!.id, invalid))}`,
  }
}

function chartsBlock(result: Result, id: string): Block | null {
  const groups = chartsOf(result)
  if (groups.length === 0) return null
  const places = groups.map(({ title }, index) => leaf(title, `${id}-${index + 1}`))
  const markup = html`<noscript><p>The charts need JavaScript. Their data stand in the tables beneath them.</p></noscript>
${groups.map(
  ({ title, charts, leftOut }, index) => html`<section class="charts" aria-labelledby="${places[index]!.id}">
<h3 id="${places[index]!.id}">${title}</h3>
<div class="grid">
${charts.map((chart, order) => figureHtml(chart, `${places[index]!.id}-${order + 1}`))}</div>
${leftOut > 0 ? html`<p>${whole(leftOut)} more are not drawn.</p>\n` : null}</section>
`,
)}`
  return { place: { title: 'Charts', id, within: places }, markup }
}
