/**
 * Draws the charts of a report, in the browser that shows it. The one part of the product that is plain JavaScript: it
 * goes into the page as it stands, whether the report is made by the sources or by what was built from them. Its types
 * are checked all the same (`tsconfig.json` beside it).
 *
 * It makes no markup: what is text is set as text, or painted on a canvas.
 *
 * @import { Chart, Series } from '../chart.ts'
 */
;(() => {
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
  const DASHES = [[], [6, 4], [2, 3]]
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
    const steps =
      decades < 1 && !isLow ? [1, 1.5, 2, 3, 5, 7] : decades < (isLow ? 1.2 : 2.5) ? [1, 2, 5] : [1]
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
      dash: [...(DASHES[series.dash] ?? [])],
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
        const value = index === null ? null : (series.values[index] ?? null)
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
        cursor: { drag: { x: false, y: false }, y: isStack, x: !isStack, points: { show: !isStack } },
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
})()
