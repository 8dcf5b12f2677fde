import { parse } from 'yaml'

interface Load {
  model?: string
  duration?: string
  calls?: number
  warmup?: string
  stages?: unknown[]
}

interface Spec {
  defaults?: { load?: Load }
  cases?: { load?: Load; rounds?: number }[]
  vary?: Record<string, unknown[]>
}

const WINDOW = '100ms'
/** A long call that began in a warm-up could fill the window, and would not count. */
const WARMUP = '0s'
const MOST_CALLS = 20

/**
 * What `run` is given to run the whole scenario in a few seconds: one round of a short window for each case, and of
 * the key that varies first its first and its last value, of every other its last.
 */
export function shortened(yaml: string): string[] {
  const { defaults = {}, cases = [], vary = {} } = parse(yaml) as Spec
  const common = defaults.load
  const sets = ['defaults.rounds=1', ...loadSets('defaults.load', common ?? {}, { ends: true })]
  for (const [index, { load, rounds }] of cases.entries()) {
    if (rounds !== undefined) sets.push(`cases.${index}.rounds=1`)
    if (!load) continue
    // What the defaults say holds where the model is the same, or none is said.
    const inherits = load.model === undefined || load.model === (common?.model ?? 'closed')
    sets.push(...loadSets(`cases.${index}.load`, load, { ends: !inherits }))
  }
  for (const [index, [key, values]] of Object.entries(vary).entries()) {
    const ends = index === 0 && values.length > 1 ? [values[0], values.at(-1)] : [values.at(-1)]
    const short = key === 'load.duration' ? [WINDOW] : key === 'load.calls' ? [MOST_CALLS] : ends
    sets.push(`vary.${key}=${JSON.stringify(short)}`)
  }
  return sets.flatMap((set) => ['--set', set])
}

/** `ends`: the load has to say itself how long a round is. */
function loadSets(path: string, { duration, calls, warmup, stages }: Load, { ends }: { ends: boolean }) {
  const own = stages?.map((_, index) => `${path}.stages.${index}.duration=${WINDOW}`) ?? []
  if (calls !== undefined) own.push(`${path}.calls=${Math.min(calls, MOST_CALLS)}`)
  else if (!stages && (duration !== undefined || ends)) own.push(`${path}.duration=${WINDOW}`)
  if (warmup !== undefined || ends) own.push(`${path}.warmup=${WARMUP}`)
  return own
}
