import type { Comparison, GateOutcome } from '../result/comparison.ts'
import { escapeInvisible } from './clean.ts'
import { commentComparison } from './comment.ts'
import { comparisonPage } from './comparison-page.ts'
import { junitComparison } from './junit.ts'
import { pageMarkdown } from './markdown.ts'
import { pageReport, type Style } from './table.ts'

/** Comparisons with one baseline, and what a gate makes of all of them; null where nobody asked. */
interface Compared {
  comparisons: readonly Comparison[]
  outcome: GateOutcome | null
}

interface ComparisonFormat {
  name: string
  extension: string
  render(compared: Compared, style: Style): string
}

/** Every form that comparisons can be had in; one more is one more line. */
export const COMPARISON_FORMATS = [
  { name: 'table', extension: 'txt', render: tableOf },
  { name: 'markdown', extension: 'md', render: markdownOf },
  { name: 'json', extension: 'json', render: jsonOf },
  {
    name: 'junit',
    extension: 'xml',
    render: ({ comparisons, outcome }) => junitComparison(comparisons, outcome),
  },
  {
    name: 'comment',
    extension: 'comment.md',
    render: ({ comparisons, outcome }) => commentComparison(comparisons, outcome),
  },
] as const satisfies readonly ComparisonFormat[]

export type ComparisonFormatName = (typeof COMPARISON_FORMATS)[number]['name']

function pagesOf({ comparisons, outcome }: Compared) {
  // What the gate says is about all of them, and stands beneath the last.
  return comparisons.map((comparison, index) =>
    comparisonPage(comparison, index === comparisons.length - 1 ? outcome : null),
  )
}

function tableOf(compared: Compared, style: Style): string {
  return pagesOf(compared)
    .map((page) => pageReport(page, style))
    .join('\n\n')
}

function markdownOf(compared: Compared): string {
  return pagesOf(compared).map(pageMarkdown).join('\n')
}

function jsonOf({ comparisons, outcome }: Compared): string {
  const document = { comparisons, ...(outcome && { gate: outcome }) }
  return `${escapeInvisible(JSON.stringify(document, null, 2))}\n`
}
