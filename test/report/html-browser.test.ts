/** The page in a browser: that it draws what the result holds, reaches for nothing, and can be read by everybody. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, type TestContext, test } from 'vitest'
import { htmlReport } from '../../src/report/html/html.ts'
import type { Result } from '../../src/result/document.ts'
import { needs } from '../requirements.ts'
import { drawnCharts } from './html-page.ts'
import { chartedResult, hostileResult, largeResult } from './html-sample.ts'
import { matrixSample } from './matrix-sample.ts'

const CHROMIUM = '/usr/bin/chromium'
/** Of A4, between the margins of the style sheet. */
const PAPER_PX = 690
const HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(1)>"><svg onload=alert(1)>'

let folder: string
let browser: Browser | undefined
let result: Result

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'html-report-'))
  result = await chartedResult()
})
beforeEach(async (context: TestContext) => {
  needs(context, CHROMIUM, 'it opens the page (apt install chromium)')
  browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
})
afterAll(async () => {
  await browser?.close()
  await rm(folder, { recursive: true })
})

interface Opened {
  page: Page
  text: string
  /** Errors, violations of the policy, dialogs, and requests for anything but the file. */
  complaints: string[]
  close(): Promise<void>
}

/** `bypassCSP`: for the checker of accessibility, which the policy would keep out. */
async function open(
  results: readonly Result[],
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Opened> {
  const text = htmlReport(results)
  const file = join(folder, `${crypto.randomUUID()}.html`)
  await writeFile(file, text)
  const url = pathToFileURL(file).href
  const context: BrowserContext = await browser!.newContext(options)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('dialog', async (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    await dialog.dismiss()
  })
  page.on('request', (request) => {
    if (request.url() !== url) complaints.push(`request: ${request.url()}`)
  })
  await page.goto(url)
  return { page, text, complaints, close: () => context.close() }
}

/** The number of values of each series of each chart, as the script says that it drew them. */
function drawnCounts(page: Page): Promise<(string | null)[]> {
  return page
    .locator('figure.chart')
    .evaluateAll((figures) => figures.map((figure) => figure.getAttribute('data-drawn')))
}

/** Whether every canvas shows more than one colour. */
async function inks(page: Page): Promise<number[]> {
  return page.locator('.plot canvas').evaluateAll((found) =>
    found.map((one) => {
      const canvas = one as unknown as {
        width: number
        height: number
        getContext(kind: '2d'): {
          getImageData(x: number, y: number, width: number, height: number): { data: Iterable<number> }
        }
      }
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      return new Set(new Uint32Array(new Uint8Array(data).buffer)).size
    }),
  )
}

describe('drawing', () => {
  test.each(['light', 'dark'] as const)('shows every value of the result, in %s', async (colorScheme) => {
    const { page, text, complaints, close } = await open([result, await matrixSample()], { colorScheme })
    const expected = drawnCharts(text).map(({ series }) =>
      series.map(({ values }) => values.filter((value) => value !== null).length).join(' '),
    )
    expect(expected.length).toBeGreaterThan(8)
    expect(await drawnCounts(page)).toEqual(expected)
    expect(Math.min(...(await inks(page)))).toBeGreaterThan(3)
    expect(complaints).toEqual([])
    await close()
  })

  test('draws thirty cases, and fits a narrow window', async () => {
    const { page, complaints, close } = await open([await largeResult()], {
      viewport: { width: 360, height: 800 },
    })
    expect(await drawnCounts(page)).not.toContain(null)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    expect(complaints).toEqual([])
    await close()
  })

  test('follows a change to dark', async () => {
    const { page, complaints, close } = await open([result], { colorScheme: 'light' })
    const canvas = page.locator('.plot canvas').first()
    const before = await canvas.evaluate((one) => (one as unknown as { toDataURL(): string }).toDataURL())
    await page.emulateMedia({ colorScheme: 'dark' })
    await expect
      .poll(() => canvas.evaluate((one) => (one as unknown as { toDataURL(): string }).toDataURL()))
      .not.toBe(before)
    expect(complaints).toEqual([])
    await close()
  })

  test('switches series off and on, by keyboard too, and reads values at the pointer', async () => {
    const { page, complaints, close } = await open([result])
    const figure = page.locator('figure.chart').first()
    const key = figure.locator('.key').first()
    await key.focus()
    await page.keyboard.press('Enter')
    expect(await key.getAttribute('aria-pressed')).toBe('false')
    await key.click()
    expect(await key.getAttribute('aria-pressed')).toBe('true')
    await figure.locator('.u-over').hover()
    await expect.poll(() => figure.locator('.at').textContent()).toMatch(/%$/)
    await expect.poll(() => key.locator('.value').textContent()).toMatch(/^[\d.,]+$/)
    const stack = page.locator('figure.chart', { hasText: 'Phases of the handshake' }).locator('.key').first()
    await stack.click()
    expect(await stack.getAttribute('aria-pressed')).toBe('false')
    expect(complaints).toEqual([])
    await close()
  })

  test('prints', async () => {
    const { page, complaints, close } = await open([result], { colorScheme: 'dark' })
    await page.evaluate(
      "addEventListener('beforeprint', () => { globalThis.widthsPx = [...document.querySelectorAll('.uplot')].map((one) => one.offsetWidth) })",
    )
    const pdf = await page.pdf({ format: 'A4' })
    const widthsPx = await page.evaluate<number[]>('globalThis.widthsPx')
    expect(widthsPx.length).toBeGreaterThan(5)
    expect(Math.max(...widthsPx)).toBeLessThan(PAPER_PX)
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    expect(await page.locator('html').getAttribute('data-printing')).toBeNull()
    expect(complaints).toEqual([])
    await close()
  })
})

describe('text from outside', () => {
  test('stands there and does nothing', async () => {
    const { page, complaints, close } = await open([hostileResult(result, HOSTILE)])
    expect(await drawnCounts(page)).not.toContain(null)
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.locator('h1').first().textContent()).toBe(HOSTILE)
    expect(complaints).toEqual([])
    await close()
  })

  test('would do nothing even as markup, because the policy stops it', async () => {
    const { page, complaints, close } = await open([result])
    await page.evaluate(
      (markup) => Reflect.get(globalThis, 'document').body.insertAdjacentHTML('beforeend', markup),
      HOSTILE,
    )
    await expect.poll(() => complaints.join('\n')).toContain('Content Security Policy')
    expect(complaints.filter((complaint) => complaint.startsWith('dialog'))).toEqual([])
    await close()
  })
})

describe('for everybody', () => {
  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 400],
  ] as const)('axe finds nothing serious in %s, %d wide', async (colorScheme, width) => {
    const { page, close } = await open([result, await matrixSample()], {
      colorScheme,
      viewport: { width, height: 900 },
      bypassCSP: true,
    })
    await page.addScriptTag({ content: axe.source })
    const found = await page.evaluate<Pick<axe.AxeResults, 'violations'>>('axe.run()')
    const grave = found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    expect(grave.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
    await close()
  })
})
