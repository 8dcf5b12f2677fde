/** The README with the matrix of the reference run in it, so that the numbers that it shows are those that stand in `results/reference`. */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { matrixPage } from '../../src/report/matrix/page.ts'
import { pageReport } from '../../src/report/table.ts'
import { readResult } from '../../src/result/read.ts'

const ROOT = new URL('../../', import.meta.url)
const BEGIN = '<!-- The matrix of results/reference/performance-matrix.json, put here by `npm run docs`. -->'
const END = '<!-- The end of the matrix. -->'
const WIDTH = 100

/** The run that the README shows. */
export const REFERENCE = fileURLToPath(new URL('results/reference/performance-matrix.json', ROOT))
export const README = fileURLToPath(new URL('README.md', ROOT))

const reference = await readResult(REFERENCE)
const readme = await readFile(README, 'utf8')

export function readmeWithMatrix(): string {
  const page = matrixPage(reference)
  // Its notes tell what the marks in the tables mean, so they belong to them.
  const parts = page.parts.filter(({ title }) =>
    /^(Performance matrix|How it scales|Notes|Verdict)/.test(title),
  )
  const text = pageReport({ ...page, parts }, { width: WIDTH, colour: false })
  const [before, rest] = halves(readme, BEGIN)
  const [, after] = halves(rest, END)
  return `${before}${BEGIN}\n\`\`\`text\n${text}\`\`\`\n${END}${after}`
}

function halves(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  if (at < 0) throw new Error(`README.md has no line ${mark}`)
  return [text.slice(0, at), text.slice(at + mark.length)]
}
