/** What a page holds, read as a browser would read it: no expression is a parser, but the pages are our own. */

import type { Chart } from '../../src/report/html/chart.ts'
import { library } from '../../src/report/html/library.ts'

/** What a chart's script element holds. */
export type DrawnChart = Pick<Chart, 'form' | 'size' | 'x' | 'y' | 'xs' | 'xNames' | 'series'>

export function drawnCharts(page: string): DrawnChart[] {
  return [...page.matchAll(/<script type="application\/json">(.*?)<\/script>/gs)].map(
    ([, json]) => JSON.parse(json!) as DrawnChart,
  )
}

/** The page as it is but for what others wrote, which changes with their versions, and the hashes of it. */
export function withoutLibrary(page: string): string {
  const { script, style, drawing } = library()
  return page
    .replace(script, '/* the library */')
    .replace(style, '/* the style of the library */')
    .replace(drawing, '/* what draws the charts */')
    .replace(/'sha256-[A-Za-z0-9+/=]+'/g, "'sha256-…'")
}
