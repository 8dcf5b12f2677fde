import { type Command, InvalidArgumentError } from 'commander'
import { EXIT, type ExitCode, worstOf } from '../exit-codes.ts'
import { checkPlanSize, makePlan, onlyCases } from '../plan/make-plan.ts'
import type { Plan } from '../plan/plan.ts'
import { checksOf } from '../report/checks.ts'
import { clean } from '../report/clean.ts'
import { commentReport } from '../report/comment.ts'
import { FORMATS, type FormatName } from '../report/formats.ts'
import { Progress } from '../report/progress/progress.ts'
import type { GateOutcome } from '../result/comparison.ts'
import type { Result } from '../result/document.ts'
import { readResult } from '../result/read.ts'
import { isSaturated, nothingSucceeded } from '../result/verdict.ts'
import { loadScenario, type Scenario } from '../scenario/load.ts'
import { type Problem, ScenarioError, UsageError } from '../scenario/problem.ts'
import { printable } from '../values/printable.ts'
import { checkFileLimits } from './file-limits.ts'
import { compareRun, GATE_CODES, type GateFlags, withGateOptions } from './gating.ts'
import { tellGithub } from './github.ts'
import { type Measured, measure, type Watcher } from './measure.ts'
import { OTLP_HELP, type OtlpDestination, otlpDestination } from './otlp-destination.ts'
import { ReferenceProcess, type ReferenceReady } from './reference-process.ts'
import { formatNames } from './report-options.ts'
import { checkServerProcesses } from './server-process.ts'
import { withServerSchemas } from './server-schemas.ts'
import { showResult } from './show-result.ts'
import { Signals } from './signals.ts'
import { tellUnreachable } from './unreachable.ts'
import { UserServers } from './user-servers.ts'
import { checkOneFile, parseWanted, type Wanted } from './wanted.ts'

interface RunFlags extends GateFlags {
  out?: string
  report: Wanted<FormatName>[]
  region?: string
  set: string[]
  only: string[]
  workers: number
  quiet: boolean
  /** `--no-floor` makes it false. */
  floor: boolean
  yes: boolean
  baseline?: string
  otlp?: string | true
}

/** Adds `run`: measures what a scenario asks for, prints the tables, writes the result. */
export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .description('run scenarios: draw progress, print the tables, write the results')
    .argument('<scenario...>', 'scenario files (YAML)')
    .option('--out <file>', 'where to write the result (default: results/<name>-<time>.json)')
    .option(
      '--report <formats>',
      `what to print, or with =file to write: ${formatNames()}; e.g. table,junit=report.xml`,
      parseReports,
      [{ format: 'table', file: null }],
    )
    .option('--region <name>', 'label the result with the region that this machine stands in')
    .option(
      '--set <key=value>',
      'replace a value of the scenario, e.g. --set defaults.load.duration=1s',
      append,
      [],
    )
    .option('--only <case>', 'run only the cases whose name has this in it (repeatable)', append, [])
    .option('--workers <count>', 'load threads that share the plan', workers, 1)
    .option('--otlp [url]', OTLP_HELP)
    .option('--quiet', 'draw no progress', false)
    .option('--no-floor', 'measure no floor: what the same calls take with a server that does nothing')
    .option('--yes', 'run even a plan of more than 1,000 cases', false)
    .option(
      '--baseline <file>',
      'a stored result to compare with, as a gate: 111 where something regressed, 112 where nobody can say',
    )
  withGateOptions(command)
    .addHelpText(
      'after',
      '\nExit codes: 0 pass, 1 internal error, or something could not be written or sent, 2 usage, 99 threshold failed, 104 invalid scenario,\n111 regressed, 112 inconclusive or incomplete, 113 generator saturated, 114 unreachable or no call succeeded, 130/143 interrupted.\n--metric and the --allow options are for --baseline and for scenarios that say `compare`.',
    )
    .action(async (files: string[], flags: RunFlags) => {
      if (flags.out !== undefined && files.length > 1) {
        throw new UsageError('--out names one file, and there are several scenarios')
      }
      checkOneFile(flags.report, files.length)
      process.exitCode = await run(files, flags, program.version() ?? 'unknown')
    })
}

async function run(files: string[], flags: RunFlags, toolVersion: string): Promise<ExitCode> {
  const otlp = otlpDestination(flags.otlp, process.env)
  const scenarios = await loadAll(files, flags)
  const baseline = flags.baseline === undefined ? null : await readResult(flags.baseline)
  const codes: ExitCode[] = []
  const signals = new Signals()
  try {
    for (const scenario of scenarios) {
      if (signals.code !== null) break
      codes.push(...(await runOne(scenario, { baseline, otlp }, flags, toolVersion, signals)))
    }
  } finally {
    signals.release()
  }
  if (signals.code !== null) codes.push(signals.code)
  return worstOf(codes)
}

/** Every scenario is checked to its last case before the first one starts or sends anything. */
async function loadAll(files: readonly string[], flags: RunFlags): Promise<Scenario[]> {
  const scenarios: Scenario[] = []
  const problems: Problem[] = []
  for (const file of files) {
    try {
      const scenario = await loadScenario(file, { env: process.env, set: flags.set })
      const plan = planOf(scenario, null, flags)
      checkPlanSize(plan, flags.yes)
      checkBaseline(plan, flags)
      checkServerProcesses(scenario, plan)
      checkFileLimits(scenario, plan, flags.workers)
      scenarios.push(scenario)
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error
      problems.push(...error.problems)
    }
  }
  if (problems.length > 0) throw new ScenarioError(problems)
  return scenarios
}

/** @throws UsageError where a threshold is held against a baseline and there is none. */
function checkBaseline({ thresholds, compare, name }: Plan, { baseline }: RunFlags): void {
  const beside = thresholds.find(({ beside }) => beside !== undefined)
  if (!beside || compare || baseline !== undefined) return
  throw new UsageError(
    `${name}: the threshold "${beside.says}" needs a baseline: say --baseline <result.json>, or compare two targets side by side with \`compare\``,
  )
}

function planOf(scenario: Scenario, reference: ReferenceReady | null, { only }: RunFlags): Plan {
  return onlyCases(makePlan(scenario, { reference }), only)
}

async function runOne(
  scenario: Scenario,
  { baseline, otlp }: { baseline: Result | null; otlp: OtlpDestination | null },
  flags: RunFlags,
  toolVersion: string,
  signals: Signals,
): Promise<ExitCode[]> {
  const measureWith = async (server: ReferenceProcess | null, own: UserServers) => {
    const reference = server?.ready ?? null
    const learned = await withServerSchemas(scenario, planOf(scenario, reference, flags), signals.stopped)
    if ('unreachable' in learned) return learned
    const plan = planOf(learned.scenario, reference, flags)
    const progress = new Progress({ stream: process.stderr, quiet: flags.quiet })
    try {
      return await measure({
        plan,
        workers: flags.workers,
        region: flags.region ?? null,
        toolVersion,
        reference,
        freshReference: async () => {
          const fresh = await ReferenceProcess.start(scenario.server?.flags ?? [], signals.stopped)
          return fresh && { plan: planOf(learned.scenario, fresh.ready, flags), server: fresh }
        },
        env: process.env,
        stopped: signals.stopped,
        serverLost: anyOf([...own.lost, ...(server ? [server.lost] : [])]),
        watcher: watch(plan, progress),
        floors: flags.floor,
        baseline,
      })
    } finally {
      progress.close()
    }
  }
  const finish = async (measured: Measured): Promise<ExitCode[]> => {
    if ('unreachable' in measured) return tellUnreachable(measured.unreachable)
    const { loss } = measured
    if (loss !== null) process.stderr.write(`error: the run is incomplete: ${printable(loss)}\n`)
    if (measured.result.cases.length === 0) return nothingMeasured(measured.result)
    const sideBySide = (measured.result.scenario as Plan).compare ?? null
    const comparison = compareRun(measured.result, { baseline, sideBySide }, flags)
    const result = { ...measured.result, ...(comparison && { comparison }) }
    const codes = [
      ...exitCodes(result),
      ...((await showResult(result, flags, scenario.spec.report ?? 'cases')) ? [] : [EXIT.internal]),
      ...tellGate(comparison?.gate),
    ]
    await tellGithub(process.env, () => ({
      checks: checksOf(result),
      summary: commentReport([result]),
      file: scenario.source.file,
      level: 'error',
    }))
    if (otlp) codes.push(...(await sent(result, otlp, signals.stopped)))
    return codes
  }
  const own = await UserServers.start(scenario, process.env, signals.stopped)
  if (!own) return nothingMeasured({})
  try {
    const server = scenario.server && (await ReferenceProcess.start(scenario.server.flags, signals.stopped))
    if (scenario.server && !server) return nothingMeasured({})
    try {
      return await finish(await measureWith(server, own))
    } finally {
      await server?.stop()
    }
  } finally {
    await own.stop()
  }
}

function anyOf(signals: readonly AbortSignal[]): AbortSignal | null {
  return signals.length > 0 ? AbortSignal.any([...signals]) : null
}

function watch(plan: Plan, progress: Progress): Watcher {
  return {
    begin: (look) => progress.begin(plan, look),
    floor: (caseIndex) => progress.floor(caseIndex),
    round: ({ caseIndex, roundIndex, ratePerSecond }, isSearching) =>
      progress.round(caseIndex, roundIndex, isSearching ? ratePerSecond : null),
  }
}

function tellGate(outcome: GateOutcome | undefined): ExitCode[] {
  if (!outcome) return []
  process.stderr.write(`gate: ${outcome.verdict}\n`)
  for (const reason of outcome.reasons) process.stderr.write(`  ${printable(clean(reason))}\n`)
  return [GATE_CODES[outcome.verdict]]
}

/** After everything else: whatever the receiver does, what was measured is kept. */
async function sent(result: Result, otlp: OtlpDestination, stopped: AbortSignal): Promise<ExitCode[]> {
  const { sendOtlp } = await import('./otlp.ts')
  return (await sendOtlp(result, otlp, stopped)) ? [] : [EXIT.internal]
}

/** The user ended the run before its first round, or something broke. */
function nothingMeasured({ incomplete }: Pick<Result, 'incomplete'>): ExitCode[] {
  process.stderr.write('nothing was measured, so no result is written\n')
  return incomplete ? [EXIT.internal] : []
}

function exitCodes(result: Result): ExitCode[] {
  const codes: ExitCode[] = result.incomplete ? [EXIT.inconclusive] : []
  if (!result.cancelled && result.cases.some(nothingSucceeded)) codes.push(EXIT.unreachable)
  if (result.cases.some(({ verdict }) => isSaturated(verdict))) codes.push(EXIT.saturated)
  if (result.thresholds.some(({ passed }) => !passed)) codes.push(EXIT.thresholdFailed)
  return codes
}

function parseReports(value: string): Wanted<FormatName>[] {
  return parseWanted(
    value,
    FORMATS.map(({ name }) => name),
  )
}

function append(value: string, before: string[]): string[] {
  return [...before, value]
}

function workers(value: string): number {
  const count = Number(value)
  if (Number.isInteger(count) && count >= 1 && count <= 256) return count
  throw new InvalidArgumentError('It must be a number from 1 to 256.')
}
