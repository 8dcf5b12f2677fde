// biome-ignore-all lint/correctness/noUnusedVariables: the files after this one use them
/** How each form of a chart is drawn: lines, steps, bars on top of each other, and the marks besides. */

/**
 * A line through its points in their own order, which need not be from left to right.
 * @param {readonly number[]} path
 * @returns {uPlot.Series.PathBuilder}
 */
const along = (path) => (plot, index) => {
  const stroke = new Path2D()
  for (const [count, place] of path.entries()) {
    const [x, y] = [plot.data[0][place], plot.data[index]?.[place]]
    if (x === undefined || y === undefined || y === null) continue
    const [left, top] = [plot.valToPos(x, 'x', true), plot.valToPos(y, 'y', true)]
    if (count === 0) stroke.moveTo(left, top)
    else stroke.lineTo(left, top)
  }
  return { stroke, flags: 0 }
}

/**
 * @param {Chart} chart
 * @param {Series} series
 * @returns {uPlot.Series}
 */
function lineOf(chart, series) {
  const ink = inkOf(series)
  if (series.form === 'marks')
    return { scale: 'marks', stroke: ink, paths: () => null, points: { show: false } }
  const isFew = series.path !== undefined || chart.xs.length <= 12
  // Without a neighbour, a value has no line.
  const alone = chart.xs
    .map((_, place) => place)
    .filter((place) => series.values[place] !== null)
    .filter((place) => [place - 1, place + 1].every((next) => (series.values[next] ?? null) === null))
  return {
    stroke: ink,
    width: chart.size === 'small' ? 1.5 : 2,
    dash: series.isDashed ? DASH : [],
    spanGaps: chart.spansGaps,
    points: {
      show: isFew || alone.length > 0,
      size: isFew ? 6 : 4,
      fill: ink,
      filter: isFew ? null : () => alone,
    },
    ...(series.path && { paths: along(series.path) }),
    ...(chart.form === 'steps' && { paths: Plot.paths.stepped?.({ align: 1 }) }),
  }
}

/**
 * Where rounds end, and crosses at the foot for what cannot stand on the axis.
 * @param {Chart} chart
 * @returns {(plot: uPlot) => void}
 */
const marksOf = (chart) => (plot) => {
  const { ctx: pen, bbox: box } = plot
  const ratio = Plot.pxRatio
  pen.save()
  pen.lineWidth = ratio
  pen.strokeStyle = colour('line')
  pen.setLineDash([])
  for (const bound of chart.bounds ?? []) {
    const left = Math.round(plot.valToPos(bound, 'x', true)) + 0.5
    pen.beginPath()
    pen.moveTo(left, box.top)
    pen.lineTo(left, box.top + box.height)
    pen.stroke()
  }
  for (const [index, series] of chart.series.entries()) {
    if (series.form !== 'marks' || !plot.series[index + 1]?.show) continue
    pen.strokeStyle = colour('bad')
    pen.lineWidth = 2 * ratio
    const half = 3.5 * ratio
    const top = box.top + box.height - 2 * half
    for (const [place, value] of series.values.entries()) {
      if (value === null) continue
      const left = plot.valToPos(chart.xs[place] ?? 0, 'x', true)
      pen.beginPath()
      pen.moveTo(left - half, top - half)
      pen.lineTo(left + half, top + half)
      pen.moveTo(left - half, top + half)
      pen.lineTo(left + half, top - half)
      pen.stroke()
    }
  }
  pen.restore()
}

/**
 * Bars end where the bar above begins, so the highest sum is drawn first: the series stand in reverse.
 * @param {Chart} chart
 * @param {readonly boolean[]} shown
 * @returns {uPlot.AlignedData}
 */
function stacked(chart, shown) {
  const sums = chart.xs.map(() => 0)
  const rows = chart.series.map((series, index) =>
    series.values.map((value, place) => {
      if (shown[index]) sums[place] = (sums[place] ?? 0) + (value ?? 0)
      return sums[place] ?? 0
    }),
  )
  return [[...chart.xs], ...rows.reverse()]
}

/**
 * @param {Chart} chart
 * @param {number} width
 * @returns {Omit<uPlot.Options, 'width' | 'height'>}
 */
function stackOptions(chart, width) {
  const names = chart.xNames ?? []
  const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement('canvas').getContext('2d'))
  pen.font = FONT
  const most = width * 0.38
  /** @param {string} name */
  const fitted = (name) => {
    let text = name
    while (text.length > 1 && pen.measureText(text).width > most) text = `${text.slice(0, -2).trimEnd()}…`
    return text
  }
  const texts = names.map(fitted)
  const size = Math.max(...texts.map((text) => pen.measureText(text).width)) + 16
  const bars = Plot.paths.bars?.({ size: [0.7, BAR_PX] })
  return {
    scales: {
      x: { time: false, ori: 1, dir: -1, range: [-0.5, chart.xs.length - 0.5] },
      y: { ori: 0, dir: 1, range: (_plot, _min, max) => [0, max > 0 ? max * 1.05 : 1] },
    },
    axes: [
      {
        ...axisOf(
          { ...chart.x, ticks: chart.xs.map((at, index) => ({ at, name: texts[index] ?? '' })) },
          true,
        ),
        side: 3,
        size,
        grid: { show: false },
        stroke: () => colour('text'),
      },
      { ...axisOf(chart.y, false), side: 2, size: ROW_PX },
    ],
    series: [
      {},
      ...chart.series.toReversed().map((series) => {
        const ink = inkOf(series)
        return {
          fill: ink,
          stroke: () => colour('card'),
          width: 1,
          points: { show: false },
          ...(bars && { paths: bars }),
        }
      }),
    ],
  }
}

/**
 * @param {Chart} chart
 * @returns {Omit<uPlot.Options, 'width' | 'height'>}
 */
function lineOptions(chart) {
  const isSmall = chart.size === 'small'
  return {
    scales: { x: scaleOf(chart.x, false), y: scaleOf(chart.y, true), marks: { range: [0, 1] } },
    axes: [
      { ...axisOf(chart.x, isSmall), size: ROW_PX },
      { ...axisOf(chart.y, isSmall), size: isSmall ? 44 : 52 },
    ],
    series: [{}, ...chart.series.map((series) => lineOf(chart, series))],
  }
}
