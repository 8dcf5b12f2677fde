/** JUnit XML that every reader takes, whatever the texts in it. */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { validateXML, type XMLFileInfo } from 'xmllint-wasm'
import { junitComparison, junitReport } from '../../src/report/junit.ts'
import type { Comparison } from '../../src/result/comparison.ts'
import type { Result } from '../../src/result/document.ts'
import { readResult } from '../../src/result/read.ts'
import { goldenFolder } from './golden.ts'

let schema: XMLFileInfo
let result: Result
let comparison: Comparison

beforeAll(async () => {
  // Of Jenkins' xUnit plugin, MIT licence.
  const contents = await readFile(new URL('junit.xsd', import.meta.url), 'utf8')
  schema = { fileName: 'junit.xsd', contents }
  result = await readResult(fileURLToPath(new URL('fixture.json', goldenFolder)))
  const compared = JSON.parse(await readFile(new URL('comparison-json.json', goldenFolder), 'utf8')) as {
    comparisons: Comparison[]
  }
  comparison = compared.comparisons[0]!
})

async function faultsOf(xml: string): Promise<string[]> {
  const { errors } = await validateXML({ xml: [{ fileName: 'report.xml', contents: xml }], schema: [schema] })
  return errors.map(({ message }) => message)
}

test('a run, with what it was compared with', async () => {
  expect(await faultsOf(junitReport([{ ...result, comparison }, result]))).toEqual([])
})

test('a comparison, with each answer of a gate', async () => {
  for (const verdict of ['pass', 'regressed', 'inconclusive'] as const) {
    const xml = junitComparison([comparison], { verdict, reasons: ['because'] })
    expect(await faultsOf(xml)).toEqual([])
    expect(xml).toContain(
      verdict === 'pass' ? 'name="the candidate may pass"/>' : `message="${verdict}: because"`,
    )
  }
})

test('the schema refuses what is none', async () => {
  expect(await faultsOf(junitReport([result]).replace('<testcase ', '<case '))).not.toEqual([])
})

test('any text of a server', async () => {
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 20, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(texts, async ([name, reason, says, ...samples]) => {
      const cases = result.cases.map((one, index) => ({
        ...one,
        name: `${name}${index}`,
        verdict: { valid: false, reasons: [reason!] },
        errors: one.errors.map((error) => ({ ...error, sample: samples[index] ?? '' })),
      }))
      const thresholds = result.thresholds.map((threshold) => ({ ...threshold, says: says! }))
      expect(await faultsOf(junitReport([{ ...result, name: name!, cases, thresholds }]))).toEqual([])
    }),
    { numRuns: 20 },
  )
})
