import { type Command, InvalidArgumentError } from 'commander'
import { compareResults, compareTargets } from '../compare/compare.ts'
import type { Comparison } from '../compare/comparison.ts'
import { ASPECTS, type Aspect } from '../compare/fingerprint.ts'
import { type GateOutcome, gateOf } from '../compare/gate.ts'
import { DEFAULT_GATES, GATE_NAMES, type Gate, gateName, gateNamed } from '../compare/gates.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { COMPARISON_FORMATS, type ComparisonFormatName } from '../report/comparison-formats.ts'
import { percent } from '../report/numbers.ts'
import { readResult } from '../result/read.ts'
import { writeWhole } from '../result/write.ts'
import { UsageError } from '../scenario/problem.ts'
import { suggest } from '../values/suggestion.ts'
import { parseNames, styleOf } from './report-options.ts'

/** Rounds that a gate asks for; a comparison for a person's eyes takes what there is. */
export const GATE_ROUNDS = 12
const FEWEST_ROUNDS = 2

interface CompareFlags {
  targets?: { baseline: string; candidate: string }
  gate: boolean
  metric: Gate[]
  rounds?: number
  allow: Aspect[]
  allowInconclusive: boolean
  format: ComparisonFormatName
  out?: string
}

const CODES: Readonly<Record<GateOutcome['verdict'], ExitCode>> = {
  pass: EXIT.pass,
  regressed: EXIT.regressed,
  inconclusive: EXIT.inconclusive,
}

/** Adds `compare`: whether a candidate is slower than a baseline, with confidence. */
export function registerCompare(program: Command): void {
  const defaults = DEFAULT_GATES.map((gate) => `${gateName(gate)}=${percent(gate.smallest)}`).join(' ')
  program
    .command('compare')
    .description('compare results: what changed, how surely, and whether it matters')
    .argument('<baseline>', 'result file (JSON)')
    .argument('[candidate...]', 'result files to compare with it')
    .option(
      '--targets <baseline,candidate>',
      'compare two targets of one result, whose rounds were run in turns',
      parseTargets,
    )
    .option('--gate', 'exit with 111 where something regressed, 112 where nobody can say', false)
    .option(
      '--metric <name[=change]>',
      `what to compare by, and the smallest change that matters (repeatable; default: ${defaults})`,
      collectGate,
      [],
    )
    .option(
      '--rounds <count>',
      `rounds that either side must have (default: ${FEWEST_ROUNDS}; --gate: ${GATE_ROUNDS})`,
      parseRounds,
    )
    .option(
      '--allow <what>',
      `what may differ between the two, with commas between: ${Object.keys(ASPECTS).join(', ')}`,
      (value: string) => parseNames(value, Object.keys(ASPECTS) as Aspect[]),
      [],
    )
    .option('--allow-inconclusive', 'too little evidence passes the gate, too', false)
    .option(
      '--format <name>',
      `what to make: ${COMPARISON_FORMATS.map(({ name }) => name).join(', ')}`,
      (value: string) =>
        parseNames(
          value,
          COMPARISON_FORMATS.map(({ name }) => name),
        )[0]!,
      'table',
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
  const options = {
    gates: flags.metric.length > 0 ? flags.metric : DEFAULT_GATES,
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
  const { render } = COMPARISON_FORMATS.find(({ name }) => name === flags.format)!
  const style = styleOf(flags.out === undefined ? process.stdout : {}, process.env)
  const text = render({ comparisons, outcome }, style)
  if (flags.out === undefined) process.stdout.write(text)
  else await writeWhole(flags.out, text)
  return outcome ? CODES[outcome.verdict] : EXIT.pass
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

function collectGate(value: string, before: Gate[]): Gate[] {
  const [name = '', change] = value.split('=')
  const gate = gateNamed(name)
  if (!gate) throw new InvalidArgumentError(suggest(name, GATE_NAMES, 'metrics'))
  if (change === undefined) return [...before, gate]
  const share = /^(\d+(?:\.\d+)?)%$/.exec(change)?.[1]
  if (share === undefined || Number(share) === 0) {
    throw new InvalidArgumentError(
      'The smallest change that matters is a share, like request_latency.p99=10%.',
    )
  }
  return [...before, { ...gate, smallest: Number(share) / 100 }]
}

function parseRounds(value: string): number {
  const count = Number(value)
  if (Number.isInteger(count) && count >= FEWEST_ROUNDS && count <= 1000) return count
  throw new InvalidArgumentError(`It must be a number from ${FEWEST_ROUNDS} to 1000.`)
}
