import type { Command } from 'commander'
import { checkPlanSize, makePlan } from '../plan/make-plan.ts'
import type { Plan } from '../plan/plan.ts'
import { estimateMs } from '../plan/select.ts'
import { clean, escapeInvisible } from '../report/clean.ts'
import { loadScenario } from '../scenario/load.ts'
import { type Problem, ScenarioError } from '../scenario/problem.ts'
import { printable } from '../values/printable.ts'

interface ValidateFlags {
  set: string[]
  yes: boolean
  json: boolean
}

/** Adds `validate`: checks scenarios as `run` does before it sends anything, and says what they would do. */
export function registerValidate(program: Command): void {
  program
    .command('validate')
    .description('check scenarios without running them')
    .argument('<scenario...>', 'scenario files (YAML)')
    .option(
      '--set <key=value>',
      'replace a value of the scenario, e.g. --set defaults.load.duration=1s',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--yes', 'accept a plan of more than 1,000 cases', false)
    .option('--json', 'print the plans as JSON', false)
    .action((files: string[], flags: ValidateFlags) => validate(files, flags))
}

async function validate(files: string[], { set, yes, json }: ValidateFlags): Promise<void> {
  const plans: { file: string; plan: Plan }[] = []
  const problems: Problem[] = []
  for (const file of files) {
    try {
      const plan = makePlan(await loadScenario(file, { env: process.env, set }), { reference: null })
      checkPlanSize(plan, yes)
      plans.push({ file, plan })
    } catch (error) {
      // The other files are checked, too, so that one run tells all.
      if (!(error instanceof ScenarioError)) throw error
      problems.push(...error.problems)
    }
  }
  if (json) {
    const entries = plans.map(({ file, plan }) => ({ file, estimate_ms: estimateMs(plan), plan }))
    process.stdout.write(`${escapeInvisible(JSON.stringify(entries, null, 2))}\n`)
  } else {
    for (const { file, plan } of plans) process.stdout.write(printable(summary(file, plan)))
  }
  if (problems.length > 0) throw new ScenarioError(problems)
}

const MOST_CASES_SHOWN = 30

function summary(file: string, plan: Plan): string {
  const rounds = plan.cases.reduce((sum, one) => sum + one.rounds, 0)
  const shown = plan.cases
    .slice(0, MOST_CASES_SHOWN)
    .map(({ name, rounds: own }) => `  ${clean(name)} (${count(own, 'round')})`)
  const left = plan.cases.length - shown.length
  if (left > 0) shown.push(`  … and ${left.toLocaleString('en-US')} more`)
  const head = `${file}: ${clean(plan.name)}, ${count(plan.cases.length, 'case')}, ${count(rounds, 'round')}, about ${roughly(estimateMs(plan))}`
  return `${[head, ...shown].join('\n')}\n`
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`
}

function roughly(durationMs: number): string {
  if (durationMs < 120_000) return `${Math.ceil(durationMs / 1000)} s`
  if (durationMs < 7_200_000) return `${Math.ceil(durationMs / 60_000)} min`
  return `${(durationMs / 3_600_000).toFixed(1)} h`
}
