/**
 * `node test/docs/picture.ts`: docs/performance-matrix.png, a picture of the HTML report of the reference run, for the
 * README. Needs Chromium.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { htmlReport } from '../../src/report/html/html.ts'
import { readResult } from '../../src/result/read.ts'
import { REFERENCE } from './readme.ts'

const PICTURE = fileURLToPath(new URL('../../docs/performance-matrix.png', import.meta.url))
const SIZE = { width: 1100, height: 1180 }

const folder = await mkdtemp(join(tmpdir(), 'infer-bench-picture-'))
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  const file = join(folder, 'report.html')
  await writeFile(file, htmlReport([await readResult(REFERENCE)], { width: 100, colour: false }, 'matrix'))
  const page = await browser.newPage({ viewport: SIZE, colorScheme: 'light' })
  await page.goto(pathToFileURL(file).href)
  await page.screenshot({ path: PICTURE })
} finally {
  await browser.close()
  await rm(folder, { recursive: true })
}
