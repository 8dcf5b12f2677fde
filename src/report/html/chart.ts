/** A chart as data: what the page's script draws, and what the table beneath it tells. */

import type { Lines, Table } from '../page.ts'

interface Axis {
  title: string
  scale: 'linear' | 'log'
  /** Places that have a name; without them, the script finds round numbers. */
  ticks?: readonly Tick[]
  /** Where the axis begins and ends, whatever the data; without it, where the data do. */
  range?: readonly [number, number]
}

interface Tick {
  at: number
  name: string
}

/** Which of the palette's colours, from 0 on. */
export type Slot = number

/** As many lines as a chart has at most: more are not told apart. */
export const SLOTS = 8

export interface Series {
  name: string
  slot: Slot
  isDashed: boolean
  /** `marks`: drawn at the foot of the chart wherever there is a value, which only the readout tells. */
  form: 'line' | 'marks'
  /** One for each of the chart's `xs`; null: nothing to draw. */
  values: readonly (number | null)[]
  /** Where the line does not run from left to right: the places in `values` that it goes through, one after the other. */
  path?: readonly number[]
}

export interface Chart {
  /** Unique within its result. */
  title: string
  /** What it shows and how it is read. */
  says: string
  /** `stack`: bars from left to right, one for each place of `xs`, with the series on top of each other. */
  form: 'lines' | 'steps' | 'stack'
  /** Small charts stand beside each other. */
  size: 'wide' | 'small'
  x: Axis
  y: Axis
  xs: readonly number[]
  /** What the places are called, where their numbers tell little. */
  xNames?: readonly string[]
  series: readonly Series[]
  /** Lines go over places without a value, because these belong to other series. */
  spansGaps: boolean
  /** Vertical lines. */
  bounds?: readonly number[]
  notes: Lines['lines']
  table: Table
}

/** Charts that answer one question. */
export interface ChartGroup {
  title: string
  charts: readonly Chart[]
  /** Charts that there would be, were they not too many to look at. */
  leftOut: number
}
