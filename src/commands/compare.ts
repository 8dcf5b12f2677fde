import { type Command, InvalidArgumentError, Option } from 'commander'
import { compareResults, compareTargets } from '../compare/compare.ts'
import { gateOf } from '../compare/gate.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { checksOfComparisons } from '../report/checks.ts'
import { commentComparison } from '../report/comment.ts'
import { COMPARISON_FORMATS, type ComparisonFormatName } from '../report/comparison-formats.ts'
import type { Style } from '../report/table.ts'
import type { Comparison } from '../result/comparison.ts'
import { readResult } from '../result/read.ts'
import { writeWhole } from '../result/write.ts'
import { UsageError } from '../scenario/problem.ts'
import { suggest } from '../values/suggestion.ts'
import { compareByRegion } from './compare-regions.ts'
import { GATE_CODES, GATE_ROUNDS, type GateFlags, gatesOf, withGateOptions } from './gating.ts'
import { tellGithub } from './github.ts'
import { styleOf } from './report-options.ts'
import { parseWanted, printed, type Wanted, writeWanted } from './wanted.ts'

const FEWEST_ROUNDS = 2

interface CompareFlags extends GateFlags {
  targets?: { baseline: string; candidate: string }
  gate: boolean
  by: 'case' | 'region'
  rounds?: number
  format: Wanted<ComparisonFormatName>[]
  out?: string
}

/** Adds `compare`: whether a candidate is slower than a baseline, with confidence. */
export function registerCompare(program: Command): void {
  const formats = COMPARISON_FORMATS.map(({ name }) => name)
  const command = program
    .command('compare')
    .description('compare results: what changed, how surely, and whether it matters')
    .argument('<baseline>', 'result file (JSON)')
    .argument('[candidate...]', 'result files to compare with it')
    .option(
      '--targets <baseline,candidate>',
      'compare two targets of one result, whose rounds were run in turns',
      parseTargets,
    )
    .addOption(
      new Option(
        '--by <what>',
        'what is lined up: case by case against the baseline, or any number of regions',
      )
        .choices(['case', 'region'])
        .default('case'),
    )
    .option('--gate', 'exit with 111 where something regressed, 112 where nobody can say', false)
    .option(
      '--rounds <count>',
      `rounds that either side must have (default: ${FEWEST_ROUNDS}; --gate: ${GATE_ROUNDS})`,
      parseRounds,
    )
  withGateOptions(command)
    .option(
      '--format <formats>',
      `what to make, or with =file to write: ${formats.join(', ')}; e.g. table,junit=report.xml`,
      (value: string) => parseWanted(value, formats),
      [{ format: 'table', file: null }],
    )
    .option('--out <file>', 'write to this file, and print nothing')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, or passed; 104 a result is missing or damaged; with --gate 111 regressed,\n112 inconclusive, or not to be compared. docs/comparing.md tells the method.',
    )
    .action(async (baseline: string, candidates: string[], flags: CompareFlags) => {
      process.exitCode = await compare(baseline, candidates, flags)
    })
}

async function compare(baseline: string, candidates: string[], flags: CompareFlags): Promise<ExitCode> {
  if (flags.by === 'region') {
    if (flags.gate || flags.targets)
      throw new UsageError('--by region shows where time is lost, and judges nothing')
    return compareByRegion([baseline, ...candidates], flags)
  }
  const options = {
    gates: gatesOf(flags.metric),
    fewestRounds: flags.rounds ?? (flags.gate ? GATE_ROUNDS : FEWEST_ROUNDS),
  }
  const before = await readResult(baseline)
  const comparisons: Comparison[] = []
  if (flags.targets) {
    if (candidates.length > 0) throw new UsageError('--targets compares within one result: name one file')
    checkTargets(
      flags.targets,
      before.cases.map(({ target }) => target),
    )
    comparisons.push(compareTargets(before, flags.targets, options))
  } else if (candidates.length === 0) {
    throw new UsageError('name a candidate to compare with, or --targets of this one result')
  }
  for (const candidate of candidates) {
    const comparison = compareResults(before, await readResult(candidate), options)
    comparisons.push({ ...comparison, baseline, candidate })
  }
  const outcome = flags.gate ? gateOf(comparisons, flags) : null
  const render = (style: Style) => (format: ComparisonFormatName) =>
    COMPARISON_FORMATS.find(({ name }) => name === format)!.render({ comparisons, outcome }, style)
  const style = styleOf(flags.out === undefined ? process.stdout : {}, process.env)
  const text = printed(flags.format, render(style))
  if (flags.out === undefined) process.stdout.write(text)
  else await writeWhole(flags.out, text)
  const isWritten = await writeWanted(flags.format, async (format, file) => [
    { file, text: render(styleOf({}, {}))(format) },
  ])
  await tellGithub(process.env, () => ({
    checks: checksOfComparisons(comparisons, outcome),
    summary: commentComparison(comparisons, outcome),
    file: baseline,
    level: outcome ? 'error' : 'warning',
  }))
  if (!isWritten) return EXIT.internal
  return outcome ? GATE_CODES[outcome.verdict] : EXIT.pass
}

function checkTargets(
  { baseline, candidate }: NonNullable<CompareFlags['targets']>,
  known: readonly string[],
): void {
  for (const name of [baseline, candidate]) {
    if (known.includes(name)) continue
    const cure = suggest(name, [...new Set(known)], 'targets')
    throw new UsageError(`the result has no target ${name}: ${cure}`)
  }
}

function parseTargets(value: string): CompareFlags['targets'] {
  const [baseline = '', candidate = '', ...more] = value.split(',').map((name) => name.trim())
  if (baseline !== '' && candidate !== '' && more.length === 0) return { baseline, candidate }
  throw new InvalidArgumentError('Name two targets, like old,new.')
}

function parseRounds(value: string): number {
  const count = Number(value)
  if (Number.isInteger(count) && count >= FEWEST_ROUNDS && count <= 1000) return count
  throw new InvalidArgumentError(`It must be a number from ${FEWEST_ROUNDS} to 1000.`)
}
