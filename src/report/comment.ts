/** What to write beneath a pull request: the answer first, what matters beneath it, all else folded away. */

import type { ReportView } from '../plan/plan.ts'
import type { Comparison, GateOutcome } from '../result/comparison.ts'
import type { Result } from '../result/document.ts'
import { type Check, checksOf, checksOfComparisons, isBad } from './checks.ts'
import { clean } from './clean.ts'
import { comparisonPage, comparisonParts } from './comparison-page.ts'
import { thresholdTable } from './content.ts'
import { escapedMarkdown, pageMarkdown, partMarkdown } from './markdown.ts'
import type { Lines, Page, Table } from './page.ts'
import type { Style } from './table.ts'
import { pageOf } from './view.ts'

/** GitHub takes 65,536 characters in a comment; the rest is room for what others add. */
const MOST_CHARACTERS = 60_000
const MOST_NAMED = 10

export function commentReport(
  results: readonly Result[],
  _style?: Style,
  view: ReportView = 'cases',
): string {
  return joined(
    results.map((result) => {
      const { name, comparison } = result
      const parts = [...(comparison ? comparisonParts(comparison) : []), thresholdTable(result)]
      return {
        name,
        checks: checksOf(result),
        parts: parts.filter((part) => part !== null),
        page: pageOf(result, view),
      }
    }),
  )
}

export function commentComparison(comparisons: readonly Comparison[], outcome: GateOutcome | null): string {
  return joined(
    comparisons.map((comparison, index) => ({
      name: `${comparison.baseline} → ${comparison.candidate}`,
      checks: checksOfComparisons([comparison], index === comparisons.length - 1 ? outcome : null),
      parts: comparisonParts(comparison),
      page: comparisonPage(comparison, null),
    })),
  )
}

interface Told {
  name: string
  checks: readonly Check[]
  parts: (Table | Lines)[]
  page: Page
}

/** The marker lets a workflow find its own comment again, to write it anew instead of adding one more. */
function joined(told: readonly Told[]): string {
  const whole = told.map((one) => commentOf(one, true)).join('\n')
  const text = whole.length > MOST_CHARACTERS ? told.map((one) => commentOf(one, false)).join('\n') : whole
  const cut = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}\n\n(cut short here)\n` : text
  return `<!-- infer-bench -->\n${cut}`
}

function commentOf({ name, checks, parts, page }: Told, isWhole: boolean): string {
  const bad = checks.filter(isBad)
  const unsure = checks.filter(({ outcome }) => outcome === 'skipped')
  const blocks = [`### ${headline(bad, unsure)}: ${escapedMarkdown(clean(name))}`]
  const named = bad.slice(0, MOST_NAMED).map(line)
  if (bad.length > MOST_NAMED) named.push(`- and ${bad.length - MOST_NAMED} more`)
  if (named.length > 0) blocks.push(named.join('\n'))
  blocks.push(...parts.map(partMarkdown))
  if (isWhole) {
    blocks.push(`<details><summary>Everything measured</summary>\n\n${pageMarkdown(page)}\n</details>`)
  }
  return `${blocks.join('\n\n')}\n`
}

function headline(bad: readonly Check[], unsure: readonly Check[]): string {
  if (bad.some(({ outcome }) => outcome === 'failure')) return '❌ failed'
  if (bad.length > 0) return '⚠️ cannot be told'
  return unsure.length > 0 ? '✅ passed, with doubts' : '✅ passed'
}

function line({ scope, name, message }: Check): string {
  return `- **${escapedMarkdown(scope)}**: ${escapedMarkdown(name)}: ${escapedMarkdown(message)}`
}
