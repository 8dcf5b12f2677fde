/** Draws every chart of the page, and keeps it in step with the pointer, the window, the colours and the printer. */

/** @param {HTMLElement} figure */
function draw(figure) {
  const place = /** @type {HTMLElement} */ (figure.querySelector('.plot'))
  const at = /** @type {HTMLElement} */ (figure.querySelector('.at'))
  const keys = /** @type {HTMLElement[]} */ ([...figure.querySelectorAll('.key')])
  const values = keys.map((key) => key.querySelector('.value'))
  /** @type {Chart} */
  const chart = JSON.parse(figure.querySelector('script')?.textContent ?? '')
  const isStack = chart.form === 'stack'
  const shown = chart.series.map(() => true)
  const height = isStack ? chart.xs.length * BAR_PX * 1.2 + STACK_EDGE_PX : HEIGHTS[chart.size]

  /** @param {uPlot} plot */
  const read = (plot) => {
    const index = plot.cursor.idx ?? null
    const x = index === null ? undefined : chart.xs[index]
    const named = index === null ? undefined : chart.xNames?.[index]
    at.textContent = x === undefined ? '' : (named ?? `${chart.x.title}: ${number.format(x)}`)
    for (const [order, series] of chart.series.entries()) {
      const value = index === null || !shown[order] ? null : (series.values[index] ?? null)
      const output = values[order]
      if (output) output.textContent = value === null ? '' : number.format(value)
    }
  }

  const width = () => Math.max(220, Math.floor(place.clientWidth))
  /** @type {uPlot.AlignedData} */
  const data = isStack
    ? stacked(chart, shown)
    : [[...chart.xs], ...chart.series.map((series) => [...series.values])]
  const plot = new Plot(
    {
      ...(isStack ? stackOptions(chart, width()) : lineOptions(chart)),
      width: width(),
      height,
      legend: { show: false },
      padding: [10, 22, 0, isStack || chart.size === 'small' ? 0 : 6],
      cursor: { drag: { x: false, y: false }, x: true, y: false, points: { show: !isStack } },
      hooks: { setCursor: [read], draw: [marksOf(chart)] },
    },
    data,
    place,
  )
  for (const [order, key] of keys.entries()) {
    key.addEventListener('click', () => {
      shown[order] = !shown[order]
      key.setAttribute('aria-pressed', String(shown[order]))
      if (isStack) plot.setData(stacked(chart, shown))
      plot.setSeries(isStack ? keys.length - order : order + 1, { show: shown[order] === true })
    })
  }
  /** @param {number} widthPx */
  const resize = (widthPx) => plot.setSize({ width: widthPx, height })
  new ResizeObserver(() => resize(width())).observe(place)
  figure.dataset.drawn = chart.series
    .map((series) => series.values.filter((value) => value !== null).length)
    .join(' ')
  return { redraw: () => plot.redraw(false), resize, restore: () => resize(width()), size: chart.size }
}

const figures = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('figure.chart'))
const drawn = [...figures].map(draw)
const redraw = () => {
  for (const plot of drawn) plot.redraw()
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
// Paper is white and narrow, whatever the screen is; a canvas does not follow the style sheet by itself.
addEventListener('beforeprint', () => {
  root.dataset.printing = ''
  for (const plot of drawn) plot.resize(PRINTED_PX[plot.size])
  redraw()
})
addEventListener('afterprint', () => {
  delete root.dataset.printing
  for (const plot of drawn) plot.restore()
  redraw()
})
