/** Regions side by side: where the handshake of each case loses its time, and what would save it. */

import type { RegionCase, RegionComparison, RegionRow } from '../compare/regions.ts'
import { metricByName } from '../record/metrics.ts'
import { clean } from './clean.ts'
import { duration, significant } from './numbers.ts'
import { type Cell, EMPTY, type Page, plain, type Table, textColumn } from './page.ts'

const MEANINGS = [
  'Medians. ×: in round trips, taken for what TCP takes to connect; where that is less than 1 ms, computing hides the wire, and there are none.',
  'A region that is far away is no slow server: what differs in milliseconds and not in round trips is the wire.',
  'costliest: the phase of the handshake that takes longest. call: from the moment that the connection stood until the reply was read.',
]

export function regionsPage({ scenario, regions, cases, unmatched }: RegionComparison): Page {
  const advice = cases.flatMap(({ name, advice: lines }) =>
    lines.map((line): Cell => plain(`${clean(name)}, ${clean(line)}`)),
  )
  return {
    title: `${clean(scenario)} by region`,
    facts: [regions.map(clean).join(', ')],
    parts: [
      ...cases.map(caseTable),
      ...(advice.length > 0 ? [{ title: 'What would save time', lines: advice }] : []),
      ...(unmatched.length > 0
        ? [{ title: 'Not in every result', lines: unmatched.map((name) => plain(clean(name))) }]
        : []),
      { title: 'What the numbers are', lines: MEANINGS.map(plain) },
    ],
  }
}

function caseTable({ name, rows }: RegionCase): Table {
  const phases = [...new Set(rows.flatMap((row) => row.phases.map((phase) => phase.name)))]
  const right = (title: string) => textColumn(title, 0, 'right')
  return {
    title: clean(name),
    columns: [
      textColumn('region'),
      ...phases.map((phase) => right(titleOf(phase))),
      right('handshake'),
      right('call'),
      textColumn('costliest'),
    ],
    rows: rows.map((row): Cell[] => [
      row.valid ? plain(clean(row.region)) : { text: `${clean(row.region)} (invalid)`, tone: 'bad' },
      ...phases.map((phase) => {
        const found = row.phases.find((one) => one.name === phase)
        return found ? timeCell(found.ms, found.roundTrips) : EMPTY
      }),
      timeCell(row.handshakeMs, tripsOf(row)),
      timeCell(row.callMs, row.callRoundTrips),
      row.costliest === null ? EMPTY : plain(titleOf(row.costliest)),
    ]),
  }
}

function timeCell(ms: number | null, roundTrips: number | null): Cell {
  if (ms === null) return EMPTY
  return plain(roundTrips === null ? duration(ms) : `${duration(ms)} ×${significant(roundTrips)}`)
}

/** All phases together, in those of the region's own wire. */
function tripsOf({ phases, handshakeMs }: RegionRow): number | null {
  const trip = phases.find(({ roundTrips }) => roundTrips !== null && roundTrips > 0)
  return trip && handshakeMs !== null ? handshakeMs / (trip.ms / trip.roundTrips!) : null
}

function titleOf(name: string): string {
  return metricByName(name)?.title ?? name
}
