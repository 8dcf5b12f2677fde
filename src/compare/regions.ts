/**
 * The same scenario from several regions, lined up: each phase of the handshake in milliseconds and in round trips, because
 * a region with a long wire is not a slow server. What a connection of TCP takes is taken for one round trip.
 */

import { HANDSHAKE_METRICS } from '../record/metrics.ts'
import type { CaseResult, Result } from '../result/document.ts'

/** Below this, computing takes longer than the wire, and multiples of it say nothing. */
const LEAST_ROUND_TRIP_MS = 1
/** TLS that takes more round trips than this took two of them. */
const MORE_THAN_ONE_TRIP = 1.5
/** Savings below this are not worth a sentence. */
const LEAST_SAVED_MS = 5

const WHOLE = 'handshake'
const ROUND_TRIP = 'tcp_connect'
const PHASES = HANDSHAKE_METRICS.map(({ name }) => name).filter((name) => name !== WHOLE)

interface RegionPhase {
  /** A metric of the handshake, e.g. `tls_handshake`. */
  name: string
  /** The median, in ms. */
  ms: number
  /** Null where the region is too near for that. */
  roundTrips: number | null
}

export interface RegionRow {
  region: string
  valid: boolean
  phases: RegionPhase[]
  /** The median of all phases together, in ms; null where no connection was opened. */
  handshakeMs: number | null
  /** The median of `service_time`, in ms; null where no call succeeded. */
  callMs: number | null
  callRoundTrips: number | null
  /** The phase that takes longest; null without any. */
  costliest: string | null
}

export interface RegionCase {
  name: string
  interface: string
  /** In the order of the results. */
  rows: RegionRow[]
  /** What would save time, and where. */
  advice: string[]
}

export interface RegionComparison {
  scenario: string
  regions: string[]
  cases: RegionCase[]
  /** Cases that not every result has. */
  unmatched: string[]
}

/** `labels`: what each result is called, in order. */
export function compareRegions(results: readonly Result[], labels: readonly string[]): RegionComparison {
  const [first] = results
  const names = [...new Set(results.flatMap(({ cases }) => cases.map(({ name }) => name)))]
  const found = names.map((name) => ({
    name,
    sides: results.map(({ cases }) => cases.find((one) => one.name === name)),
  }))
  const whole = found.filter(({ sides }) => sides.every((side) => side !== undefined))
  return {
    scenario: first?.name ?? '',
    regions: [...labels],
    cases: whole.map(({ name, sides }) => {
      const rows = sides.map((side, index) => rowOf(side!, labels[index]!))
      return { name, interface: sides[0]!.interface, rows, advice: adviceOf(rows, sides as CaseResult[]) }
    }),
    unmatched: names.filter((name) => !whole.some((one) => one.name === name)),
  }
}

/** Each region's name; of a result without one, that of its file. Two of one region are told apart by a number. */
export function regionLabels(results: readonly { region: string | null; file: string }[]): string[] {
  const seen = new Map<string, number>()
  return results.map(({ region, file }) => {
    const name = region ?? file
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name} (${count})`
  })
}

function rowOf({ metrics, verdict }: CaseResult, region: string): RegionRow {
  const median = (name: string) => {
    const found = Object.hasOwn(metrics, name) ? metrics[name] : undefined
    return found && found.count > 0 ? found.p50 : null
  }
  const roundTripMs = median(ROUND_TRIP)
  const inTrips = (ms: number | null) =>
    ms !== null && roundTripMs !== null && roundTripMs >= LEAST_ROUND_TRIP_MS ? ms / roundTripMs : null
  const phases = PHASES.flatMap((name): RegionPhase[] => {
    const ms = median(name)
    return ms === null ? [] : [{ name, ms, roundTrips: inTrips(ms) }]
  })
  const callMs = median('service_time')
  const longest = phases.reduce<RegionPhase | null>(
    (most, one) => (most && most.ms >= one.ms ? most : one),
    null,
  )
  return {
    region,
    valid: verdict.valid,
    phases,
    handshakeMs: median(WHOLE),
    callMs,
    callRoundTrips: inTrips(callMs),
    costliest: longest?.name ?? null,
  }
}

function adviceOf(rows: readonly RegionRow[], sides: readonly CaseResult[]): string[] {
  const nearestMs = Math.min(...rows.map(({ handshakeMs }) => handshakeMs ?? Number.POSITIVE_INFINITY))
  return rows.flatMap(({ region, phases, handshakeMs }, index) => {
    if (handshakeMs === null) return []
    const advice: string[] = []
    const say = (savedMs: number, text: string) => {
      if (savedMs >= LEAST_SAVED_MS) advice.push(`${region}: ${text} saves ${Math.round(savedMs)} ms`)
    }
    const { summary } = sides[index]!
    const isCold = summary.connections >= summary.calls && summary.calls > 1
    if (isCold) say(handshakeMs, 'a connection that is reused')
    const tls = phases.find(({ name }) => name === 'tls_handshake')
    if (tls?.roundTrips && tls.roundTrips > MORE_THAN_ONE_TRIP) {
      say(
        tls.ms / tls.roundTrips,
        'TLS 1.3, or resuming the session under TLS 1.2, saves a round trip of TLS and',
      )
    }
    const dns = phases.find(({ name }) => name === 'dns_lookup')
    if (dns && isCold) say(dns.ms, 'an address that is cached')
    say(handshakeMs - nearestMs, 'an edge as near as that of the nearest region')
    return advice
  })
}
