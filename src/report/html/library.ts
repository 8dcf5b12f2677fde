/**
 * What the page's charts are drawn with. The one place where a report reads files: the library's own, from its package,
 * and the script beside this file, so that nobody has to copy either into the sources.
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

interface Library {
  script: string
  style: string
  /** Draws the charts that stand in the page. */
  drawing: string
}

/** Each builds on those before. */
const DRAWING = ['axes.js', 'forms.js', 'draw.js']

let known: Library | null = null

/** Read once, when the first page is made. */
export function library(): Library {
  const { resolve } = createRequire(import.meta.url)
  const read = (file: string | URL) => readFileSync(file, 'utf8').trim()
  known ??= {
    script: read(resolve('uplot/dist/uPlot.iife.min.js')),
    style: read(resolve('uplot/dist/uPlot.min.css')),
    drawing: `(() => {\n${DRAWING.map((name) => read(new URL(`browser/${name}`, import.meta.url))).join('\n')}\n})()`,
  }
  return known
}
