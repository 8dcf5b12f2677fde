/** The charts of a result, by the questions that they answer. */

import type { Result } from '../../result/document.ts'
import type { ChartGroup } from './chart.ts'
import { gapCharts } from './gap-charts.ts'
import { handshakeCharts } from './handshake-chart.ts'
import { loadCharts } from './load-charts.ts'
import { percentileCharts } from './percentile-charts.ts'
import { timelineCharts } from './timeline-charts.ts'

/** Of one group: nobody scrolls to the end of more, and a browser has to draw them all. */
const MOST_CHARTS = 40

/** Groups without a chart are left out. */
export function chartsOf(result: Result): ChartGroup[] {
  const unary = result.cases.filter(({ kind }) => kind === 'unary')
  const streaming = result.cases.filter(({ kind }) => kind === 'streaming')
  const groups: Omit<ChartGroup, 'leftOut'>[] = [
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
  return groups
    .filter(({ charts }) => charts.length > 0)
    .map(({ title, charts }) => ({
      title,
      charts: charts.slice(0, MOST_CHARTS),
      leftOut: Math.max(0, charts.length - MOST_CHARTS),
    }))
}
