/**
 * One parser, or one piece of arithmetic, and what must hold of it for every input. The same subjects run a few thousand
 * times in a test and a hundred thousand times by `fuzz.ts`.
 */

import fc from 'fast-check'

export interface Subject<Input = unknown> {
  name: string
  inputs: fc.Arbitrary<Input>
  /** Throws, or rejects, where the property does not hold. */
  holds(input: Input): void | Promise<void>
  /** The least inputs that broke it before it was mended; they are tried first. */
  examples?: readonly Input[]
  /** Inputs that one value of `inputs` holds. Default: 1. */
  batch?: number
  /** How many times dearer than others an input is: a test tries so many fewer of them. Default: 1. */
  cost?: number
  /** So many fewer are tried always: each is as much work as thousands of others. Default: 1. */
  weight?: number
  before?(): void | Promise<void>
  after?(): void | Promise<void>
}

/** For its type: what `inputs` makes is what `holds` takes. */
export function subject<Input>(of: Subject<Input>): Subject {
  return of as Subject<unknown> as Subject
}

export interface Tried {
  name: string
  inputs: number
  seconds: number
  /** How much the memory of the process has grown at most, in MiB. */
  grownMib: number
}

/** CPU time within which any single input is dealt with; a hundred times what the slowest takes. */
const LONGEST_MS = 2000
/** Inputs of megabytes, which the test itself has to make. */
const LONGEST_HEAVY_MS = 10_000
/** What no campaign may add to the memory of the process. */
const MOST_GROWN_MIB = 700
const MIB = 2 ** 20

/**
 * Tries a subject with so many inputs. Throws where one breaks it, with the least such input and with the seed and the
 * path that lead to it again (`INFER_BENCH_FUZZ_SEED`).
 */
export async function tryOut({ weight = 1, batch = 1, ...of }: Subject, runs: number): Promise<Tried> {
  await of.before?.()
  const seed = Number(process.env.INFER_BENCH_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
  const numRuns = Math.max(1, Math.ceil(runs / weight / batch))
  const startMib = process.memoryUsage().rss / MIB
  const startMs = performance.now()
  let inputs = 0
  try {
    const property = fc.asyncProperty(of.inputs, async (input) => {
      inputs++
      const before = process.cpuUsage()
      await of.holds(input)
      const { user, system } = process.cpuUsage(before)
      const tookMs = (user + system) / 1000
      if (tookMs > (weight > 1 ? LONGEST_HEAVY_MS : LONGEST_MS))
        throw new Error(`it takes ${Math.round(tookMs)} ms`)
    })
    const examples = (of.examples ?? []).map((input): [unknown] => [input])
    const details = await fc.check(property, { seed, numRuns, examples })
    if (details.failed)
      throw new Error(`${of.name} (seed ${seed}): ${fc.defaultReportMessage(details)}`, {
        cause: details.errorInstance,
      })
  } finally {
    await of.after?.()
  }
  const grownMib = Math.max(0, process.memoryUsage().rss / MIB - startMib)
  if (grownMib > MOST_GROWN_MIB) throw new Error(`${of.name} (seed ${seed}): memory grew by ${grownMib} MiB`)
  return { name: of.name, inputs: inputs * batch, seconds: (performance.now() - startMs) / 1000, grownMib }
}
