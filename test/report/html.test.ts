import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { decode, destroy, initHistograms, percentileMs } from '../../src/record/histogram.ts'
import { SLOTS } from '../../src/report/html/chart.ts'
import { htmlReport } from '../../src/report/html/html.ts'
import { html, raw, scriptJson } from '../../src/report/html/markup.ts'
import { STYLESHEET } from '../../src/report/html/stylesheet.ts'
import type { CaseResult, Result } from '../../src/result/document.ts'
import { runVerdict } from '../../src/result/verdict.ts'
import { type DrawnChart, drawnCharts, withoutLibrary } from './html-page.ts'
import { chartedResult, hostileResult, largeResult, SLICES_WITH_CALLS, search } from './html-sample.ts'
import { matrixSample } from './matrix-sample.ts'

const HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(1)>"\'\u2028'

let result: Result

beforeAll(async () => {
  await initHistograms()
  result = await chartedResult()
})

function chartOf(page: string, title: string): DrawnChart {
  const found = drawnCharts(page).find(({ x, y }) => `${y.title} by ${x.title}` === title)
  expect(found, title).toBeDefined()
  return found!
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1
}

describe('markup', () => {
  test('escapes what is not markup, in lists too', () => {
    expect(
      html`<p class="${'"'}">${'<b>'}${[1, '&', html`<i>${"'"}</i>`]}${null}${raw('<hr>')}</p>`.text,
    ).toBe('<p class="&quot;">&lt;b&gt;1&amp;<i>&#39;</i><hr></p>')
  })

  test('of JSON ends no script element, and is the same JSON', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constant(HOSTILE)), (text) => {
        const written = scriptJson({ text }).text
        expect(written).not.toMatch(/[<\u2028\u2029]/)
        expect(JSON.parse(written)).toEqual({ text })
      }),
    )
  })
})

describe('the page', () => {
  test('loads nothing, and runs only what its policy names', () => {
    const page = htmlReport([result])
    expect(withoutLibrary(page)).not.toMatch(/\b(?:src|srcset|action|ping)=|url\(|@import|\son\w+=|\sstyle=/)
    for (const [, href] of page.matchAll(/href="([^"]*)"/g)) expect(href).toMatch(/^#r\d/)
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!.replaceAll('&#39;', "'")
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
    for (const [, element, text] of page.matchAll(/<(script|style)>(.*?)<\/\1>/gs)) {
      const hash = createHash('sha256').update(text!).digest('base64')
      expect(policy.split('; ').find((one) => one.startsWith(`${element}-src`))).toContain(`'sha256-${hash}'`)
    }
    expect(page).toContain('uPlot (v')
  })

  test('says what a reader must not miss, each part once', () => {
    const page = htmlReport([result])
    expect(page).toContain('INVALID: the numbers of 2 of 5 cases')
    expect(page).toContain('5 cases, 2 invalid')
    expect(page).toContain('TLS certificates were not verified: rest-tls')
    expect(countOf(page, '<li class="tone-plain">TLS certificates were not verified')).toBe(1)
    for (const title of ['Verdict', 'Thresholds', 'Errors']) {
      expect(countOf(page, `>${title}</h3>`), title).toBe(1)
    }
  })

  test('strikes out what is invalid, with the reason beneath it', () => {
    const page = htmlReport([result])
    expect(page).toMatch(
      /<tr class="invalid">(?:(?!<tr).)*rest burst 5000\/s \(invalid\)(?:(?!<tr).)*<\/tr>\n<tr class="why"><td colspan="\d+">dispatch_delay p99 was 2\.7 s/s,
    )
    expect(countOf(page, '<tr class="why">')).toBe(2)
  })

  test('has a section for each result, and no id twice', () => {
    const page = htmlReport([result, { ...result, name: 'again' }])
    expect(countOf(page, '<article ')).toBe(2)
    expect(page).toContain('<h1 id="r2-title">again</h1>')
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
    expect(ids.length).toBe(new Set(ids).size)
    for (const [, target] of page.matchAll(/(?:href="#|aria-labelledby=")([^"]+)"/g))
      expect(ids).toContain(target)
  })

  test('shows the matrix where rows tell it, and not its copies of other parts', async () => {
    expect(
      countOf(htmlReport([{ ...result, cases: result.cases.slice(0, 1) }]), '>Performance matrix</h3>'),
    ).toBe(0)
    const page = htmlReport([await matrixSample()])
    expect(countOf(page, '>Performance matrix</h3>')).toBe(1)
    expect(countOf(page, '>Verdict</h3>')).toBe(1)
    expect(countOf(page, '>Errors</h3>')).toBe(1)
  })

  test('of a run without cases says so, without a chart', () => {
    const page = htmlReport([{ ...result, cases: [], thresholds: [], verdict: { valid: true, reasons: [] } }])
    expect(page).toContain('0 cases')
    expect(page).not.toContain('<figure')
  })

  test('of no result at all is a page', () => {
    expect(htmlReport([])).toContain('</html>')
  })

  test('tells a run that was cancelled, and one that ended early', () => {
    expect(htmlReport([{ ...result, cancelled: true }])).toContain('(cancelled)</h1>')
    const incomplete = { reason: 'load thread 2 of 2 ran out of memory' }
    const cases = result.cases.filter((one) => one.verdict.valid)
    const page = htmlReport([{ ...result, cases, incomplete, verdict: runVerdict(cases, 0, incomplete) }])
    expect(page).toContain('>Incomplete</a>')
    expect(page).toContain('the run is incomplete: load thread 2 of 2 ran out of memory')
  })

  test('makes no markup of what others wrote', () => {
    const page = htmlReport([hostileResult(result, HOSTILE)])
    const clear = htmlReport([result])
    for (const part of ['<script', '</script', '<img']) {
      expect(countOf(page, part), part).toBeLessThanOrEqual(countOf(clear, part))
    }
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(page).not.toMatch(/[\u2028\u2029]/)
  })

  test('of any names holds as many elements as of plain ones', () => {
    const skeleton = (text: string) =>
      withoutLibrary(htmlReport([hostileResult(result, text)])).replace(/[^<>]*/g, (outside) =>
        outside.replace(/[^<>]/g, ''),
      ).length
    const expected = skeleton('plain')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (text) => {
        expect(skeleton(`x${text}x`)).toBe(expected)
      }),
      { numRuns: 30 },
    )
  })

  test('of thirty cases is below two megabytes', async () => {
    const page = htmlReport([await largeResult()])
    expect(Buffer.byteLength(page)).toBeLessThan(2_000_000)
    for (const { series, xs } of drawnCharts(page)) {
      expect(series.length).toBeLessThanOrEqual(8)
      expect(xs.length).toBeLessThanOrEqual(150)
    }
  })
})

describe('colours', () => {
  /** As WCAG 2 has it. */
  const contrast = (one: string, other: string) => {
    const [low = 0, high = 0] = [one, other].map(luminance).sort((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  }
  const luminance = (hex: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const palettes = [...STYLESHEET.matchAll(/:root(?::not\(.*?\))? \{[^}]*--page[^}]*\}/g)].map(
    ([rule]) => new Map([...rule.matchAll(/--([\w-]+): (#\w{6})/g)].map(([, name, hex]) => [name!, hex!])),
  )

  test.each(['light', 'dark'])('stand out from what they stand on, in %s', (mode) => {
    expect(palettes.length).toBe(2)
    const palette = palettes[mode === 'light' ? 0 : 1]!
    const of = (one: string, other: string) => contrast(palette.get(one)!, palette.get(other)!)
    for (const ground of ['page', 'card']) {
      for (const text of ['text', 'quiet', 'accent', 'good', 'bad']) {
        expect(of(text, ground), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
      }
    }
    expect(of('good', 'good-soft')).toBeGreaterThanOrEqual(4.5)
    expect(of('bad', 'bad-soft')).toBeGreaterThanOrEqual(4.5)
    for (let slot = 0; slot < SLOTS; slot++) {
      expect(of(`series-${slot}`, 'card'), `series ${slot}`).toBeGreaterThanOrEqual(3)
    }
  })
})

describe('charts', () => {
  test('percentiles are the histogram’s own, up to where ten values lie above', () => {
    const one = result.cases[0]!
    const chart = chartOf(htmlReport([result]), 'request latency, ms by percentile')
    const curve = chart.series.find(({ name }) => name === one.name)!
    const histogram = decode(one.metrics.request_latency!.hdr!)
    const count = histogram.totalCount
    for (const [index, x] of chart.xs.entries()) {
      const value = curve.values[index] ?? null
      if (x > 1 && count / x < 10) expect(value, `1 - 1/${x}`).toBeNull()
      else expect(value! / percentileMs(histogram, 100 * (1 - 1 / x))).toBeCloseTo(1, 2)
    }
    destroy(histogram)
    expect(curve.values.filter((value) => value !== null).length).toBe(
      chart.xs.filter((x) => x <= count / 10).length,
    )
  })

  test('a few values have a short curve, and a damaged histogram has none', () => {
    const few = result.cases.find(({ kind }) => kind === 'streaming')!
    const page = htmlReport([result])
    const chart = chartOf(page, 'time to first token, ms by percentile')
    expect(few.metrics.time_to_first_token!.count).toBe(450)
    expect(chart.xs.at(-1)).toBeLessThanOrEqual(45)
    const damaged = (one: CaseResult): CaseResult => ({
      ...one,
      metrics: Object.fromEntries(
        Object.entries(one.metrics).map(([name, metric]) => [name, { ...metric, hdr: 'damaged' }]),
      ),
    })
    const without = htmlReport([{ ...result, cases: result.cases.map(damaged) }])
    expect(without).not.toContain('Latency by percentile')
    expect(without).toContain('Latency over time')
  })

  test('a search is drawn step by step, though its last steps answer less', () => {
    const chart = chartOf(htmlReport([result]), 'request latency, ms by answered per second')
    const p99 = chart.series.find(({ name }) => name.endsWith('p99'))!
    expect(p99.path!.map((place) => chart.xs[place])).toEqual(
      search.steps.map(({ throughput }) => throughput),
    )
    expect(p99.path!.map((place) => p99.values[place])).toEqual(search.steps.map(({ p99: value }) => value))
  })

  test('cases of one target at several loads make a curve', () => {
    const [first] = result.cases
    const { search: _search, ...searched } = first!
    const at = (concurrency: number, throughput: number): CaseResult => ({
      ...searched,
      name: `rest 1KiB ×${concurrency}`,
      load: { model: 'closed', concurrency },
      summary: { ...first!.summary, request_throughput: throughput },
    })
    const page = htmlReport([{ ...result, cases: [at(8, 900), at(1, 200), at(32, 850)], scenario: null }])
    const chart = chartOf(page, 'request latency, ms by answered per second')
    expect(chart.series.map(({ name }) => name)).toEqual(['rest 1KiB, p50', 'rest 1KiB, p99'])
    expect(chart.series[0]!.path!.map((place) => chart.xs[place])).toEqual([200, 900, 850])
  })

  test('rounds are told apart, slices with errors marked', () => {
    const charts = drawnCharts(htmlReport([result])).filter(({ size }) => size === 'small')
    // Of latency, and of streams also of the gaps between their chunks.
    const streaming = result.cases.filter(({ kind }) => kind === 'streaming')
    expect(streaming.length).toBeGreaterThan(0)
    expect(charts.length).toBe(result.cases.length + streaming.length)
    for (const { x, xs, series } of charts) {
      expect(x.ticks!.map(({ name }) => name)).toEqual(['round 1', 'round 2', 'round 3'])
      expect(xs).toEqual([...xs].sort((one, other) => one - other))
      const [p50, , errors] = series
      expect(p50!.values.filter((value) => value !== null).length).toBe(3 * SLICES_WITH_CALLS)
      expect(errors!.values.filter((value) => value !== null)).toEqual([3, 3, 3])
    }
  })

  test('phases of handshakes are medians of those that happened', () => {
    const chart = drawnCharts(htmlReport([result])).find(({ form }) => form === 'stack')!
    expect(chart.series.map(({ name }) => name)).toEqual(['TCP connect', 'TLS handshake'])
    const tls = result.cases[1]!.metrics.tls_handshake!.p50
    expect(chart.series[1]!.values[chart.xNames!.indexOf(result.cases[1]!.name)]).toBeCloseTo(tls, 3)
  })

  test('shares of gaps make a whole', () => {
    const chart = chartOf(htmlReport([result]), 'share of gaps, % by gap, ms')
    for (const { values } of chart.series) {
      expect(values.reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBeCloseTo(100, 1)
    }
  })
})
