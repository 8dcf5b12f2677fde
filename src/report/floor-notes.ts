import type { CaseResult } from '../result/document.ts'
import { floorOf, isCloseToFloor } from '../result/floor.ts'
import { clean } from './clean.ts'
import { duration } from './numbers.ts'

/** What is told of a floor: which latency it is the headline of depends on how the reply comes. */
const HEADLINES = { unary: 'request_latency', streaming: 'time_to_first_token' } as const

const MEANING =
  'floor: what the same calls take with a server of the same protocol on this machine that does nothing; it is never subtracted'
const CLOSE = 'close to the floor, so that it tells of the tool and this machine as much as of the server'

/** How the floors must be read. They are shown, and nothing is reduced by them. */
export function floorNotes(cases: readonly CaseResult[]): string[] {
  const measured = cases.filter(({ floor }) => floor?.reason === null)
  const close = measured.filter((result) => isCloseToFloor(result, HEADLINES[result.kind], 'p50'))
  return [
    ...(measured.length > 0 ? [MEANING] : []),
    ...(close.length > 0 ? [`${CLOSE}: ${close.map(comparison).join(', ')}`] : []),
    ...cases.flatMap(({ name, floor }) =>
      floor && floor.reason !== null ? [`no floor: ${clean(name)}: ${clean(floor.reason)}`] : [],
    ),
  ]
}

function comparison(result: CaseResult): string {
  const metric = HEADLINES[result.kind]
  const [found, floor] = [result.metrics[metric]!.p50, floorOf(result, metric, 'p50')!]
  return `${clean(result.name)} (${duration(found)}, floor ${duration(floor)})`
}
