/** The charts of a result, by the questions that they answer. */

import type { Result } from '../../result/document.ts'
import type { ChartGroup } from './chart.ts'
import { gapCharts } from './gap-charts.ts'
import { handshakeCharts } from './handshake-chart.ts'
import { loadCharts } from './load-charts.ts'
import { percentileCharts } from './percentile-charts.ts'
import { timelineCharts } from './timeline-charts.ts'

/** Groups without a chart are left out. */
export function chartsOf(result: Result): ChartGroup[] {
  const unary = result.cases.filter(({ kind }) => kind === 'unary')
  const streaming = result.cases.filter(({ kind }) => kind === 'streaming')
  const groups: ChartGroup[] = [
    { title: 'Latency by percentile', charts: percentileCharts(result, 'request_latency', unary) },
    {
      title: 'Streams by percentile',
      charts: ['time_to_first_token', 'inter_chunk_latency'].flatMap((metric) =>
        percentileCharts(result, metric, streaming),
      ),
    },
    { title: 'Latency by load', charts: loadCharts(result) },
    { title: 'Connecting', charts: handshakeCharts(result) },
    { title: 'Latency over time', charts: timelineCharts(result) },
    { title: 'Chunk gaps', charts: gapCharts(result) },
  ]
  return groups.filter(({ charts }) => charts.length > 0)
}
