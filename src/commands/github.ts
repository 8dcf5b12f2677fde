/**
 * What GitHub Actions is told where a step of it runs: what is wrong as annotations, which it shows beside the change, and
 * the report as a part of the job's summary. Source: "Workflow commands for GitHub Actions" of GitHub's documentation.
 */

import { appendFile } from 'node:fs/promises'
import { type Check, isBad } from '../report/checks.ts'
import { printable } from '../values/printable.ts'

/** Of one kind GitHub shows no more for one step. */
const MOST_ANNOTATIONS = 10

export interface Told {
  checks: readonly Check[]
  /** Markdown. */
  summary: string
  /** What it is about: the annotations stand with this file. */
  file: string
  /** Of what is wrong: `warning` where it does not fail the step. */
  level: 'error' | 'warning'
}

/** Does nothing elsewhere, and asks for nothing to be made. */
export async function tellGithub(env: Readonly<Record<string, string | undefined>>, tell: () => Told) {
  if (env.GITHUB_ACTIONS !== 'true') return
  const told = tell()
  process.stderr.write(annotations(told))
  const path = env.GITHUB_STEP_SUMMARY
  if (!path) return
  try {
    await appendFile(path, `${told.summary}\n`)
  } catch (error) {
    const why = printable((error as Error).message)
    process.stderr.write(`warning: the summary of the job could not be written: ${why}\n`)
  }
}

function annotations({ checks, file, level }: Omit<Told, 'summary'>): string {
  const bad = checks.filter(isBad)
  const named = bad.length > MOST_ANNOTATIONS ? bad.slice(0, MOST_ANNOTATIONS - 1) : bad
  const texts = named.map(({ scope, name, message }) => `${scope}: ${name}: ${message}`)
  const left = bad.length - named.length
  if (left > 0) texts.push(`and ${left} more: see the summary of the job`)
  return texts.map((text) => `::${level} file=${property(file)},title=infer-bench::${data(text)}\n`).join('')
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
