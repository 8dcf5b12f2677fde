import type { ReaderSpec } from '../scenario/case-schema.ts'
import type { Problem } from '../scenario/problem.ts'
import type { Path, Source } from '../scenario/source.ts'
import type { Reader, Target } from './plan.ts'
import { streams } from './streams.ts'

const EVERY_CHUNK = 1

/** What the case itself says, and what the defaults say for cases that have something to pause. */
export function resolveReader(
  target: Target,
  own: ReaderSpec | undefined,
  byDefault: ReaderSpec | undefined,
  { source, problems, path }: { source: Source; problems: Problem[]; path: Path },
): Reader | undefined {
  if (!streams({ target })) {
    if (own) {
      const message = `\`reader\` has no meaning here: a reply of ${target.name} comes in one piece`
      const cure = 'Remove it, or call something whose reply streams.'
      problems.push(source.problem([...path, 'reader'], message, cure, 'key'))
    }
    return undefined
  }
  const spec = own ?? byDefault
  return spec && { every: spec.every ?? EVERY_CHUNK, pauseMs: spec.pause }
}
