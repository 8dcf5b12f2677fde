// biome-ignore-all lint/correctness/noUnusedVariables: the files after this one use them
/**
 * The axes of a chart, and what all that is drawn has in common.
 *
 * The files of this folder are one script, which goes into the page as it stands, whether the report is made by the sources
 * or by what was built from them: hence plain JavaScript, the only of the product. Its types are checked all the same
 * (`tsconfig.json`). It makes no markup: what is text is set as text, or painted on a canvas.
 *
 * @typedef {import('../chart.ts').Chart} Chart
 * @typedef {import('../chart.ts').Series} Series
 */

/** @type {typeof uPlot} */
const Plot = Reflect.get(window, 'uPlot')
const root = document.documentElement
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
const HEIGHTS = { wide: 300, small: 150 }
const BAR_PX = 22
const NAME_PX = 40
const STACK_EDGE_PX = 62
/** Of an axis below the chart: its numbers, without its label. */
const ROW_PX = 24
/** Of paper, between its margins, in CSS pixels. */
const PRINTED_PX = { wide: 660, small: 315 }
const DASH = [6, 4]
/** What a decade of a logarithmic axis is cut into, by how many of them there are. */
const LOG_STEPS = [
  { below: 0.5, steps: [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8] },
  { below: 1, steps: [1, 1.5, 2, 3, 5, 7] },
  { below: 2.5, steps: [1, 2, 5] },
]
const number = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })

// Twice as fine as the screen, if the screen is coarse: what is printed would show its pixels otherwise.
Object.defineProperty(window, 'devicePixelRatio', { value: Math.max(2, window.devicePixelRatio) })
Plot.pxRatio = window.devicePixelRatio

/** @param {string} name */
const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim()
/** @param {Series} series */
const inkOf = (series) => () => colour(series.form === 'marks' ? 'bad' : `series-${series.slot}`)

/** @type {(plot: uPlot, axis: number, min: number, max: number) => number[]} */
const logSplits = (plot, _axis, min, max) => {
  const decades = Math.log10(max / min)
  const isLow = plot.height < HEIGHTS.wide
  const steps = LOG_STEPS.find(({ below }) => decades < (isLow ? below / 2 : below))?.steps ?? [1]
  const splits = []
  for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power++) {
    for (const step of steps) splits.push(Number((step * 10 ** power).toPrecision(2)))
  }
  return splits.filter((split) => split >= min && split <= max)
}

/**
 * Names stand beneath the axis only where the one before leaves them room.
 * @param {uPlot} plot
 * @param {NonNullable<Chart['x']['ticks']>} ticks
 */
function withRoom(plot, ticks) {
  let lastPx = Number.NEGATIVE_INFINITY
  return ticks.map(({ at, name }) => {
    const px = plot.valToPos(at, 'x')
    const hasRoom = Math.abs(px - lastPx) >= (plot.scales.x?.ori === 1 ? 0 : NAME_PX)
    if (hasRoom) lastPx = px
    return { name, hasRoom }
  })
}

/**
 * @param {Chart['x']} axis
 * @param {boolean} isOfValues
 * @returns {uPlot.Scale}
 */
function scaleOf(axis, isOfValues) {
  const isLog = axis.scale === 'log'
  /** @type {uPlot.Range.Function} */
  const range = (_plot, min, max) => {
    if (axis.range) return [axis.range[0], axis.range[1]]
    if (min === null || max === null) return isLog ? [0.1, 10] : [0, 1]
    if (!isOfValues) return isLog ? [min, max] : [0, max > 0 ? max * 1.04 : 1]
    return isLog ? [min / 1.25, max * 1.25] : [0, max > 0 ? max * 1.08 : 1]
  }
  return { time: false, distr: isLog ? 3 : 1, range }
}

/**
 * @param {Chart['x']} axis
 * @param {boolean} isSmall
 * @returns {uPlot.Axis}
 */
function axisOf(axis, isSmall) {
  const { ticks } = axis
  return {
    font: FONT,
    labelFont: FONT,
    stroke: () => colour('quiet'),
    grid: { stroke: () => colour('grid'), width: 1 },
    ticks: { show: false },
    gap: 6,
    ...(isSmall ? {} : { label: axis.title, labelSize: 20 }),
    ...(axis.scale === 'log' && { splits: logSplits, filter: (_plot, splits) => splits }),
    values: (_plot, splits) => splits.map((split) => (split === null ? '' : number.format(split))),
    ...(ticks && {
      splits: () => ticks.map(({ at }) => at),
      filter: (_plot, splits) => splits,
      values: (plot) => withRoom(plot, ticks).map(({ name, hasRoom }) => (hasRoom ? name : '')),
    }),
  }
}
