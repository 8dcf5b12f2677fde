/** Which cases stand in one chart, and how they are told apart. */

import type { CaseResult, Result } from '../../result/document.ts'
import { clean } from '../clean.ts'
import { significant, whole } from '../numbers.ts'
import { SLOTS, type Slot } from './chart.ts'

export interface CaseGroup {
  /** What its cases have in common; empty where they are all there are. */
  title: string
  cases: readonly CaseResult[]
}

type Key = (result: CaseResult) => string

/** The load first: at the same load, interfaces are what is compared. */
const KEYS: readonly Key[][] = [
  [],
  [loadName],
  [payloadName],
  [interfaceName],
  [loadName, payloadName],
  [interfaceName, payloadName],
  [interfaceName, loadName],
  [interfaceName, loadName, payloadName],
]

/**
 * Cases in groups of which none has more than `most`: by the first of the keys that does it, or, where none does, by
 * the last one and then by their order.
 */
export function groupsOf(cases: readonly CaseResult[], most: number): CaseGroup[] {
  const groupings = KEYS.map((keys) =>
    Map.groupBy(cases, (result) =>
      keys
        .map((key) => key(result))
        .filter((name) => name !== '')
        .join(', '),
    ),
  )
  const fitting = groupings.find((groups) => [...groups.values()].every(({ length }) => length <= most))
  return [...(fitting ?? groupings.at(-1)!)].flatMap(([title, members]) => pieces(title, members, most))
}

function pieces(title: string, cases: readonly CaseResult[], most: number): CaseGroup[] {
  if (cases.length <= most) return [{ title, cases }]
  const count = Math.ceil(cases.length / most)
  return Array.from({ length: count }, (_, index) => ({
    title: [title, `${index + 1} of ${count}`].filter((part) => part !== '').join(', '),
    cases: cases.slice(index * most, (index + 1) * most),
  }))
}

/** As the scenario's own words have it, e.g. `200/s each` or `8 at once`. */
function loadName({ load }: CaseResult): string {
  const { ratePerSecond, concurrency, model } = load
  if (typeof ratePerSecond === 'number') return `${perSecond(ratePerSecond)} each`
  if (typeof concurrency === 'number') return `${whole(concurrency)} at once`
  return typeof model === 'string' ? clean(model) : ''
}

/** A rate as a scenario writes it. */
export function perSecond(rate: number): string {
  return `${significant(rate).replace(/\.0+$/, '')}/s`
}

function payloadName({ labels }: CaseResult): string {
  return Object.entries(labels)
    .filter(([key]) => key.startsWith('payload.'))
    .map(([, value]) => clean(String(value)))
    .join(' ')
}

function interfaceName(result: CaseResult): string {
  return clean(result.interface)
}

/** What a case is called in a legend. */
export function seriesName({ name, verdict }: CaseResult): string {
  return `${clean(name) || 'unnamed'}${verdict.valid ? '' : ' (invalid)'}`
}

/**
 * Colours for the cases of a chart: each interface keeps its own from chart to chart, unless the chart has two cases of
 * one interface.
 */
export function palette({ cases: all }: Pick<Result, 'cases'>): (cases: readonly CaseResult[]) => Slot[] {
  const known = new Map([...new Set(all.map((one) => one.interface))].map((name, index) => [name, index]))
  return (cases) => {
    const isOneEach = new Set(cases.map((one) => one.interface)).size === cases.length
    return cases.map((one, index) => (isOneEach ? known.get(one.interface)! : index) % SLOTS)
  }
}
