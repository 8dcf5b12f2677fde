/**
 * The performance matrix: one row an interface, in numbers that can be compared across interfaces. A cell without
 * a number says why; none is ever filled with anything but a measurement of this result.
 */

import type { CaseResult, Result } from '../../result/document.ts'
import { wasIdle } from '../../result/idle.ts'
import { clean } from '../clean.ts'
import { callTime, chunkTime, handshake, noLatencyCase, overheadTime, ratio, throughput } from './cells.ts'
import { leadsOf } from './leads.ts'
import { type PlannedCase, plannedCases } from './plan.ts'
import { type Scaling, scalingOf } from './scaling.ts'

/** What a row holds, in the order of its columns. */
export const MATRIX_COLUMNS = [
  'latency_p50',
  'latency_p99',
  'handshake_p50',
  'throughput',
  'throughput_per_core',
  'overhead_bytes',
  'overhead_time',
] as const
export type MatrixColumn = (typeof MATRIX_COLUMNS)[number]

export interface MatrixCell {
  /** Durations in ms, rates per second, overheads as ratios. Null: `notes` say why. */
  value: number | null
  /** The real value is not below this one. */
  atLeast: boolean
  /** False where the case that it comes from is invalid. */
  valid: boolean
  notes: string[]
}

/** The cases that a row's numbers come from; null where the scenario has none. */
export interface MatrixRoles {
  /** An open loop: its rate is the scenario's, so that no queue of the client's making is in its times. */
  steady: CaseResult | null
  /** A closed loop: as much as the server, or the client, gives. */
  closed: CaseResult | null
  /** Whose handshakes are told: of cold connections where there are any. */
  handshake: CaseResult | null
  /** Sessions of the interface that stood idle: of what they take. */
  idle: CaseResult | null
}

export interface MatrixRow {
  /** As the matrix calls the interface, e.g. `gRPC (Unary)`. */
  title: string
  /** What tells the row from others of the same title; empty where it is alone. */
  variant: string
  per: 'call' | 'chunk'
  /** Whether a server must know the client from one call to the next. */
  state: 'stateless' | 'stateful'
  cells: Record<MatrixColumn, MatrixCell>
  /** What more calls at once bring. */
  concurrency: Scaling
  /** What it is first in among the rows that compare with it. */
  bestFor: string[]
  roles: MatrixRoles
}

export interface Matrix {
  rows: MatrixRow[]
  /** Titles of the document's rows for which the scenario has no case. */
  missing: string[]
}

type CallKind = NonNullable<CaseResult['call_kind']>

interface Heading {
  title: string
  interface: string
  kinds: readonly CallKind[]
  state: MatrixRow['state']
  /** One of the six rows that everybody asks for. */
  asked: boolean
}

const headingOf = (
  title: string,
  name: string,
  kinds: readonly CallKind[],
  state: MatrixRow['state'],
  asked = true,
): Heading => ({ title, interface: name, kinds, state, asked })

const HEADINGS: readonly Heading[] = [
  headingOf('REST', 'rest', ['unary'], 'stateless'),
  headingOf('gRPC (Unary)', 'grpc', ['unary'], 'stateless'),
  headingOf('gRPC Client Stream', 'grpc', ['client-stream'], 'stateful', false),
  headingOf('WebSocket', 'websocket', ['unary'], 'stateful'),
  headingOf('WebSocket Client Stream', 'websocket', ['client-stream'], 'stateful', false),
  headingOf('WebSocket Stream', 'websocket', ['server-stream', 'bidi'], 'stateful', false),
  headingOf('Streaming/SSE', 'sse', ['server-stream'], 'stateful'),
  headingOf('gRPC Stream', 'grpc', ['server-stream', 'bidi'], 'stateful'),
  headingOf('MCP', 'mcp', ['unary'], 'stateful'),
  headingOf('MCP Progress', 'mcp', ['server-stream'], 'stateful', false),
]

/** The revision of MCP that has no sessions. */
const STATELESS_MCP = '2026-07-28'

/** The matrix of one result. Cases find their row by interface and kind of call, and their role in it by their load. */
export function matrixOf(result: Result): Matrix {
  const planned = plannedCases(result)
  const calling = result.cases.filter((item) => !wasIdle(item))
  const standing = result.cases.filter(wasIdle)
  const rows = HEADINGS.flatMap((heading) => {
    const isOwn = (item: CaseResult) =>
      item.interface === heading.interface && heading.kinds.includes(callKind(item))
    const own = calling.filter(isOwn)
    const idle = best(standing.filter(isOwn), ({ summary }) => summary.sessions ?? 0)
    const groups = [...Map.groupBy(own, (item) => planned(item).group).values()]
    const variants = variantsOf(groups, planned)
    return groups.map((group, index) => row(heading, variants[index]!, { cases: group, idle }, planned))
  })
  const found = new Set(rows.map(({ title }) => title))
  const leads = leadsOf(rows)
  return {
    rows: rows.map((one, index) => ({ ...one, bestFor: leads[index]! })),
    missing: HEADINGS.filter(({ title, asked }) => asked && !found.has(title)).map(({ title }) => title),
  }
}

/** One row for each heading: of several, the one that tells most. */
export function rowsByTitle(rows: readonly MatrixRow[]): MatrixRow[] {
  const told = ({ cells }: MatrixRow) =>
    MATRIX_COLUMNS.filter((column) => cells[column].value !== null && cells[column].valid).length
  return [...Map.groupBy(rows, ({ title }) => title).values()].map((same) =>
    same.reduce((most, row) => (told(row) > told(most) ? row : most)),
  )
}

/** The heading that a case belongs to; undefined where the matrix has none for its interface. */
export function matrixTitleOf(result: CaseResult): string | undefined {
  return HEADINGS.find(
    (heading) => heading.interface === result.interface && heading.kinds.includes(callKind(result)),
  )?.title
}

function callKind({ call_kind: known, kind }: CaseResult): CallKind {
  return known ?? (kind === 'unary' ? 'unary' : 'server-stream')
}

function row(
  { title, state }: Heading,
  variant: string,
  { cases, idle }: { cases: readonly CaseResult[]; idle: CaseResult | null },
  planned: (result: CaseResult) => PlannedCase,
): Omit<MatrixRow, 'bestFor'> {
  const roles: MatrixRoles = { ...rolesOf(cases, planned), idle }
  const { steady, closed } = roles
  const { options } = planned(cases[0]!)
  const per = cases[0]!.kind === 'unary' ? 'call' : 'chunk'
  const latency = (statistic: 'p50' | 'p99') => {
    if (!steady) return noLatencyCase()
    return per === 'call'
      ? callTime(steady, closed, statistic)
      : chunkTime(steady, closed, statistic, planned(steady).model)
  }
  return {
    title,
    variant,
    per,
    state: options.revision === STATELESS_MCP ? 'stateless' : state,
    roles,
    concurrency: scalingOf(cases.filter((item) => isClosed(item) && planned(item).connection === 'reused')),
    cells: {
      latency_p50: latency('p50'),
      latency_p99: latency('p99'),
      handshake_p50: handshake(roles.handshake),
      throughput: throughput(closed, 'request_throughput'),
      throughput_per_core: throughput(closed, 'throughput_per_core'),
      overhead_bytes: ratio([closed, steady].find(tellsBytes) ?? closed ?? steady, 'overhead_bytes'),
      overhead_time: overheadTime(steady, per),
    },
  }
}

function rolesOf(
  cases: readonly CaseResult[],
  planned: (result: CaseResult) => PlannedCase,
): Omit<MatrixRoles, 'idle'> {
  const having = (connection: string) => cases.filter((item) => planned(item).connection === connection)
  const reused = having('reused')
  const cold = having('cold')
  const rate = ({ summary }: CaseResult) => summary.requested_rate ?? Number.POSITIVE_INFINITY
  const reached = ({ summary }: CaseResult) => summary.request_throughput ?? 0
  const handshakes = ({ metrics }: CaseResult) => metrics.handshake?.count ?? 0
  return {
    steady: best(
      reused.filter((item) => item.summary.requested_rate !== null),
      (item) => -rate(item),
    ),
    closed: best(reused.filter(isClosed), reached),
    handshake: best(cold.some((item) => handshakes(item) > 0) ? cold : cases, handshakes),
  }
}

function isClosed({ load }: CaseResult): boolean {
  return load.model === 'closed'
}

function tellsBytes(result: CaseResult | null): boolean {
  return result !== null && result.summary.overhead_bytes !== null
}

/** Cases that are valid go first, then those that rate highest; the earlier one of equals. */
function best(cases: readonly CaseResult[], rating: (result: CaseResult) => number): CaseResult | null {
  const [first] = [...cases].sort(
    (a, b) => Number(b.verdict.valid) - Number(a.verdict.valid) || rating(b) - rating(a),
  )
  return first ?? null
}

/** Names for groups of one heading: their targets, and as much more as it takes to tell them apart. */
function variantsOf(
  groups: readonly (readonly CaseResult[])[],
  planned: (result: CaseResult) => PlannedCase,
): string[] {
  if (groups.length < 2) return groups.map(() => '')
  const firsts = groups.map(
    (group) => group.find((item) => planned(item).connection === 'reused') ?? group[0]!,
  )
  const payloads = new Set(firsts.map((item) => planned(item).payload))
  return firsts.map((item) =>
    [
      item.target,
      ...(payloads.size > 1 ? [planned(item).payload] : []),
      ...Object.entries(item.labels).flatMap(([key, value]) =>
        /^(target\.|payload\.(encoding|batch|messages))/.test(key) && key !== 'target.connection'
          ? [value]
          : [],
      ),
    ]
      .map((part) => clean(String(part)))
      .filter((part) => part !== '')
      .join(' '),
  )
}
