/**
 * How often the gate cries wolf, and how often it sleeps: real runs of a server against itself and against slower ones
 * (`record`), and what the comparison makes of them (`judge`).
 *
 *   node test/trust/gate-study.ts record FILE [runs]    appends what each run measured to the file; 30 s a run
 *   node test/trust/gate-study.ts judge FILE            writes the tables of docs/comparing.md from it
 */

import { appendFile, readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { compareResults, compareTargets } from '../../src/compare/compare.ts'
import { DEFAULT_GATES } from '../../src/compare/gates.ts'
import { seededRandom } from '../../src/random.ts'
import type { ComparedMetric } from '../../src/result/comparison.ts'
import type { CaseResult, Result } from '../../src/result/document.ts'
import type { KnownPorts } from '../servers/known.ts'
import { startProcess } from '../servers/start.ts'
import { runTool } from './tool.ts'

const REPORT = fileURLToPath(new URL('../../docs/comparing.md', import.meta.url))

/** A call computes for 2 ms in the baseline. */
const SIDES = {
  baseline: 'does=work&us=2000',
  same: 'does=work&us=2000',
  tenth: 'does=work&us=2200',
  little: 'does=work&us=2060',
  tail: 'does=work&us=2000&slow=6000',
} as const
type Side = keyof typeof SIDES

const ROUNDS = 12
const OPTIONS = { gates: DEFAULT_GATES, fewestRounds: ROUNDS }
const DRAWN_PAIRS = 10_000
/** How many runs are taken together, to see what more rounds tell. */
const JOINED = [2, 3]
/** Rounds that are drawn together, because neighbours are alike. */
const BLOCK = 3

async function record(file: string, runs: number): Promise<void> {
  const known = await startProcess<KnownPorts>('./known.ts')
  try {
    for (let run = 1; run <= runs; run++) {
      const { result } = await runTool(scenarioOf(known.ready.http))
      // Histograms and slices are not compared.
      const cases = result.cases.map((one) => ({
        ...one,
        metrics: bare(one.metrics),
        rounds: one.rounds.map(bareRound),
      }))
      await appendFile(file, `${JSON.stringify({ ...result, cases })}\n`)
      process.stderr.write(`run ${run} of ${runs}\n`)
    }
  } finally {
    await known.stop()
  }
}

function bare(metrics: CaseResult['metrics']): CaseResult['metrics'] {
  const { request_latency: latency } = metrics
  if (!latency) return {}
  const { hdr: _hdr, ...statistics } = latency
  return { request_latency: statistics }
}

function bareRound({ summary, metrics }: CaseResult['rounds'][number]): CaseResult['rounds'][number] {
  return { summary, metrics: bare(metrics) }
}

function scenarioOf(port: number): object {
  const url = `http://127.0.0.1:${port}/`
  const targets = Object.entries(SIDES).map(([side, known]) => [
    side,
    { interface: 'rest', api: 'raw', method: 'GET', url, headers: { known: `${known}&log=${side}` } },
  ])
  return {
    name: 'gate-study',
    targets: Object.fromEntries(targets),
    cases: [{ target: Object.keys(SIDES) }],
    defaults: {
      rounds: ROUNDS,
      floor: 'off',
      load: { model: 'closed', concurrency: 1, duration: '400ms', warmup: '50ms' },
    },
  }
}

interface Count {
  pairs: number
  verdicts: Record<ComparedMetric['verdict'], number>
}

type Counts = Map<string, Count>

function count(counts: Counts, metrics: readonly ComparedMetric[]): void {
  const all = [...metrics.map(({ metric, verdict }) => ({ metric, verdict })), worst(metrics)]
  for (const { metric, verdict } of all) {
    const found = counts.get(metric) ?? {
      pairs: 0,
      verdicts: { regressed: 0, inconclusive: 0, improved: 0, unchanged: 0 },
    }
    counts.set(metric, found)
    found.pairs++
    found.verdicts[verdict]++
  }
}

/** Of the comparison as a whole, as a gate takes it. */
function worst(metrics: readonly ComparedMetric[]): { metric: string; verdict: ComparedMetric['verdict'] } {
  const found = new Set(metrics.map(({ verdict }) => verdict))
  const order = ['regressed', 'inconclusive', 'improved', 'unchanged'] as const
  return { metric: 'any of them', verdict: order.find((verdict) => found.has(verdict)) ?? 'unchanged' }
}

function sideBySide(results: readonly Result[], candidate: Side): Counts {
  const counts: Counts = new Map()
  for (const result of results) {
    const { cases } = compareTargets(result, { baseline: 'baseline', candidate }, OPTIONS)
    count(counts, cases[0]!.metrics)
  }
  return counts
}

/** Each so many runs after each other as one run with all their rounds. */
function joined(results: readonly Result[], count: number): Result[] {
  const whole = Array.from({ length: Math.floor(results.length / count) }, (_, index) =>
    results.slice(index * count, (index + 1) * count),
  )
  return whole.map((runs) => ({
    ...runs[0]!,
    cases: runs[0]!.cases.map((one, index) => ({
      ...one,
      rounds: runs.flatMap(({ cases }) => cases[index]!.rounds),
    })),
  }))
}

/** The baseline of one run against the candidate of a later one, `apart` runs away. */
function stored(results: readonly Result[], candidate: Side, apart: number): Counts {
  const counts: Counts = new Map()
  for (const [index, result] of results.entries()) {
    const later = results[index + apart]
    if (!later) break
    const { cases } = compareResults(only(result, 'baseline'), only(later, candidate), OPTIONS)
    count(counts, cases[0]!.metrics)
  }
  return counts
}

function only(result: Result, side: Side): Result {
  const one = result.cases.find(({ target }) => target === side)!
  return { ...result, scenario: {}, cases: [{ ...one, name: 'case' }] }
}

/** Pairs of the same server, drawn in blocks of neighbouring rounds from all that were recorded. */
function drawn(results: readonly Result[]): Counts {
  const random = seededRandom(1)
  const pick = (most: number) => Math.floor(random() * most)
  const counts: Counts = new Map()
  for (let pair = 0; pair < DRAWN_PAIRS; pair++) {
    const rounds: { baseline: CaseResult['rounds']; same: CaseResult['rounds'] } = { baseline: [], same: [] }
    while (rounds.baseline.length < ROUNDS) {
      const result = results[pick(results.length)]!
      const from = pick(ROUNDS - BLOCK + 1)
      for (const side of ['baseline', 'same'] as const) {
        const one = result.cases.find(({ target }) => target === side)!
        rounds[side].push(...one.rounds.slice(from, from + BLOCK))
      }
    }
    const first = results[0]!
    const cases = first.cases
      .filter(({ target }) => target === 'baseline' || target === 'same')
      .map((one) => ({ ...one, rounds: rounds[one.target as 'baseline' | 'same'] }))
    const comparison = compareTargets(
      { ...first, cases },
      { baseline: 'baseline', candidate: 'same' },
      OPTIONS,
    )
    count(counts, comparison.cases[0]!.metrics)
  }
  return counts
}

function table(title: string, counts: Counts): string {
  const rows = [...counts].map(([metric, { pairs, verdicts }]) => {
    const share = (verdict: ComparedMetric['verdict']) => String(verdicts[verdict])
    const most = upperBound(verdicts.regressed, pairs)
    return `| ${metric} | ${pairs} | ${share('regressed')} | ${(100 * most).toFixed(2)}% | ${share('inconclusive')} | ${share('unchanged')} | ${share('improved')} |`
  })
  return [
    `**${title}**`,
    '',
    '| metric | pairs | regressed | at most, in truth | inconclusive | unchanged | improved |',
    '|---|---:|---:|---:|---:|---:|---:|',
    ...rows,
  ].join('\n')
}

/** Of the share that `found` of `all` are a sample of: the upper end of its one-sided interval at 95% (Clopper-Pearson). */
function upperBound(found: number, all: number): number {
  if (found >= all) return 1
  const probabilityOfSoFew = (share: number) => {
    let term = (1 - share) ** all
    let sum = term
    for (let k = 1; k <= found; k++) {
      term *= ((all - k + 1) / k) * (share / (1 - share))
      sum += term
    }
    return sum
  }
  let [low, high] = [found / all, 1]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (probabilityOfSoFew(middle) > 0.05) low = middle
    else high = middle
  }
  return high
}

async function judge(file: string): Promise<void> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n')
  const results = lines.map((line) => JSON.parse(line) as Result)
  const { environment, start_time: first } = results[0]!
  const text = [
    `*${results.length} runs, ${first.slice(0, 10)}, ${environment.cores} cores (${environment.cpu}), Node ${environment.node}, Linux ${os.release()}*`,
    '### Side by side',
    table('The same server: every `regressed` is a false alarm', sideBySide(results, 'same')),
    table(
      `The same server, ${DRAWN_PAIRS.toLocaleString('en-US')} pairs drawn in blocks of ${BLOCK} rounds from those that were recorded`,
      drawn(results),
    ),
    table('10% more work in each call', sideBySide(results, 'tenth')),
    table('3% more work in each call: less than what matters', sideBySide(results, 'little')),
    table('3 calls in 100 take three times as long', sideBySide(results, 'tail')),
    ...JOINED.flatMap((count) => [
      table(
        `3 calls in 100 take three times as long, with the rounds of ${count} runs: ${count * ROUNDS}`,
        sideBySide(joined(results, count), 'tail'),
      ),
      table(
        `The same server, with the rounds of ${count} runs: ${count * ROUNDS}`,
        sideBySide(joined(results, count), 'same'),
      ),
    ]),
    '### Against a stored baseline',
    table('The same server, in the next run', stored(results, 'same', 1)),
    table('The same server, 20 runs later', stored(results, 'same', 20)),
    table('10% more work in each call, in the next run', stored(results, 'tenth', 1)),
    table('3 calls in 100 take three times as long, in the next run', stored(results, 'tail', 1)),
  ].join('\n\n')
  const page = await readFile(REPORT, 'utf8')
  await writeFile(
    REPORT,
    page.replace(/<!-- study -->.*<!-- \/study -->/s, () => `<!-- study -->\n${text}\n<!-- /study -->`),
  )
}

const [verb, file = '', runs = '100'] = process.argv.slice(2)
if (verb === 'record') await record(file, Number(runs))
else if (verb === 'judge') await judge(file)
else throw new Error('say record FILE [runs], or judge FILE')
process.exit(0)
