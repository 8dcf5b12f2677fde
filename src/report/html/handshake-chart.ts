/** What connecting takes, phase by phase. */

import { HANDSHAKE_METRICS, metricByName } from '../../record/metrics.ts'
import type { Result } from '../../result/document.ts'
import { significant } from '../numbers.ts'
import { type Cell, EMPTY, plain, textColumn } from '../page.ts'
import type { Chart, Series } from './chart.ts'
import { seriesName } from './chart-cases.ts'
import { own, rounded } from './distributions.ts'

const WHOLE = 'handshake'
/** In the order of their rows, which is that of time. */
const PHASES = HANDSHAKE_METRICS.map(({ name }) => name).filter((name) => name !== WHOLE)
/** A bar more than that is a list, which the table is already. */
const MOST_BARS = 40

export function handshakeCharts({ cases }: Result): Chart[] {
  const phaseMs = (index: number, phase: string) => own(shown[index]!, phase)?.p50 ?? null
  const candidates = cases.filter((one) => PHASES.some((phase) => (own(one, phase)?.count ?? 0) > 0))
  const shown = candidates.slice(0, MOST_BARS)
  const phases = PHASES.filter((phase) => shown.some((one) => own(one, phase)))
  if (phases.length === 0) return []
  const titleOf = (phase: string) => metricByName(phase)?.title ?? phase
  return [
    {
      title: 'Phases of the handshake',
      says: 'The median of each phase of connecting, one after the other, case by case. Medians do not add up exactly: the whole handshake’s own stands in the table.',
      form: 'stack',
      size: 'wide',
      x: { title: 'case', scale: 'linear' },
      y: { title: 'handshake, ms', scale: 'linear' },
      xs: shown.map((_, index) => index),
      xNames: shown.map(seriesName),
      series: phases.map((phase, slot): Series => {
        const values = shown.map((_, index) => {
          const value = phaseMs(index, phase)
          return value === null ? null : rounded(value)
        })
        return { name: titleOf(phase), slot, isDashed: false, form: 'line', values }
      }),
      spansGaps: false,
      notes:
        candidates.length > shown.length
          ? [plain(`The first ${shown.length} of ${candidates.length} cases with handshakes.`)]
          : [],
      table: {
        title: 'Phases of the handshake',
        columns: [
          textColumn('case'),
          ...phases.map((phase) => ({ ...textColumn(titleOf(phase), 0, 'right'), unit: 'ms' })),
          { ...textColumn('handshake', 0, 'right'), unit: 'ms' },
        ],
        rows: shown.map((one): Cell[] => [
          plain(seriesName(one)),
          ...[...phases, WHOLE].map((phase) => {
            const found = own(one, phase)
            return found ? plain(significant(found.p50)) : EMPTY
          }),
        ]),
      },
    },
  ]
}
