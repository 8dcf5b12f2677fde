/** What was claimed, what was measured, and whether the one holds of the other. */

import { CLAIM_VERDICTS, type ClaimResult } from '../result/claim.ts'
import type { Result } from '../result/document.ts'
import { clean } from './clean.ts'
import { significant, measured as written } from './numbers.ts'
import { type Cell, EMPTY, plain, type Table, type Tone, textColumn } from './page.ts'

const TONES: Readonly<Record<ClaimResult['verdict'], Tone>> = {
  holds: 'good',
  partly: 'plain',
  'does not hold': 'bad',
  'cannot be measured': 'quiet',
}
/** How many of them there are is said in other words than of one. */
const PLURALS: Readonly<Record<ClaimResult['verdict'], string>> = {
  holds: 'hold',
  partly: 'hold partly',
  'does not hold': 'do not hold',
  'cannot be measured': 'cannot be measured',
}
const MOST_NAMED = 4

export function claimsTable({ claims = [] }: Result): Table | null {
  if (claims.length === 0) return null
  return {
    title: `Claims: ${countsOf(claims)}`,
    columns: [
      textColumn('verdict'),
      textColumn('claim'),
      textColumn('claimed'),
      textColumn('measured'),
      textColumn('why', 1),
    ],
    rows: claims.map((claim): Cell[] => [
      { text: claim.verdict, tone: TONES[claim.verdict] },
      plain(clean(claim.place === undefined ? claim.says : `${claim.says} (${claim.place})`)),
      claim.expect === undefined ? EMPTY : plain(clean(claim.expect)),
      measuredCell(claim),
      plain(clean(claim.reason ?? '')),
    ]),
  }
}

function countsOf(claims: readonly ClaimResult[]): string {
  return CLAIM_VERDICTS.flatMap((verdict) => {
    const count = claims.filter((claim) => claim.verdict === verdict).length
    return count > 0 ? [`${count} ${count === 1 ? verdict : PLURALS[verdict]}`] : []
  }).join(', ')
}

function measuredCell({ measured, metric = '' }: ClaimResult): Cell {
  const told = measured.flatMap(({ case: name, over, value, at_least: atLeast, rounds }) => {
    if (value === null) return []
    const write = (number: number) =>
      over === undefined ? written(metric, number) : `×${significant(number)}`
    const range = rounds && write(rounds.low) !== write(rounds.high)
    const spread = range ? ` (${write(rounds.low)} to ${write(rounds.high)})` : ''
    const about = over === undefined ? clean(name) : `${clean(name)} over ${clean(over)}`
    return [`${atLeast ? '>=' : ''}${write(value)}${spread}, ${about}`]
  })
  if (told.length === 0) return EMPTY
  const more = told.length - MOST_NAMED
  const shown = more > 0 ? [...told.slice(0, MOST_NAMED), `and ${more} more`] : told
  return plain(shown.join('; '))
}
