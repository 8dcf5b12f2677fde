/** What a probe found: the endpoint, what its TLS is, and each way to connect as a waterfall. */

import { metricByName } from '../record/metrics.ts'
import type { ProbedWay, Probing, TlsFacts } from '../result/probing.ts'
import { barAfter } from './charts/blocks.ts'
import { clean } from './clean.ts'
import { duration, whole } from './numbers.ts'
import { type Cell, EMPTY, type Lines, type Page, plain, type Table, textColumn } from './page.ts'

const WHOLE = 'handshake'
const BAR_COLUMNS = 32
/** A certificate that ends within these days wants to be renewed. */
const SOON_DAYS = 21

const MEANINGS = [
  'cold: a new connection for each call; resumed: a new one that resumes a TLS session; reused: one that stays. The waterfall is made of medians, so its phases need not add up to the handshake.',
  'call: from the moment that the connection stood until the reply was read. A p99 of fewer than a hundred is the slowest.',
]

export function probePage({ tool, url, interface: name, api, addresses, tls, ways }: Probing): Page {
  const isNamed = ways.some(({ family }) => family !== null)
  const found = addresses.map(({ address }) => clean(address)).join(', ')
  return {
    title: clean(url),
    facts: [
      `infer-bench ${clean(tool)}: ${name}, ${api}`,
      ...(isNamed ? [`addresses: ${found || 'none'}`] : []),
      ...(tls ? [tlsFact(tls)] : []),
    ],
    parts: [
      ...(tls && tls.chain.length > 0 ? [chainTable(tls)] : []),
      ...ways.filter(({ connection }) => connection !== 'reused').map((way) => waterfall(way, ways)),
      ...(ways.length > 0 ? [waysTable(ways)] : []),
      ...errorLines(ways),
      ...(ways.length > 0 ? [{ title: 'What the numbers are', lines: MEANINGS.map(plain) }] : []),
    ],
  }
}

function tlsFact({ version, cipher, alpn, distrust }: TlsFacts): string {
  const chosen = alpn === null ? 'the server chose no protocol (ALPN)' : `ALPN ${clean(alpn)}`
  const trust = distrust === null ? '' : `; NOT trusted: ${clean(distrust)}`
  return `${clean(version)}, ${clean(cipher)}, ${chosen}${trust}`
}

function chainTable({ chain }: TlsFacts): Table {
  return {
    title: 'Certificates',
    columns: [
      textColumn('of'),
      textColumn('issued by', 1),
      textColumn('valid until'),
      textColumn('days left', 0, 'right'),
    ],
    rows: chain.map(({ subject, issuer, valid_to: validTo, days_left: daysLeft }): Cell[] => [
      plain(clean(subject)),
      plain(clean(issuer)),
      plain(validTo.slice(0, 10)),
      { text: whole(daysLeft), tone: daysLeft < SOON_DAYS ? 'bad' : 'plain' },
    ]),
  }
}

function nameOf({ family, connection }: ProbedWay): string {
  return family === null ? connection : `${connection}, IPv${family}`
}

/** Each phase where the one before has ended, on the scale of the longest. */
function waterfall(way: ProbedWay, ways: readonly ProbedWay[]): Table {
  const longestMs = Math.max(...ways.map((one) => phasesOf(one).reduce((sum, { p50 }) => sum + p50, 0)))
  let beforeMs = 0
  const rows = phasesOf(way).map(({ name, p50, p99 }): Cell[] => {
    const { offset, drawn } = barAfter(beforeMs / longestMs, p50 / longestMs, BAR_COLUMNS)
    beforeMs += p50
    // Spaces at the beginning of a cell would be taken away.
    return [
      plain(titleOf(name)),
      plain(`${'·'.repeat(offset)}${drawn}`),
      plain(duration(p50)),
      plain(duration(p99)),
    ]
  })
  const all = way.handshake[WHOLE]
  const last: Cell[] = all
    ? [plain('together'), plain(''), plain(duration(all.p50)), plain(duration(all.p99))]
    : [plain('nothing was connected'), EMPTY, EMPTY, EMPTY]
  return {
    title: `Handshake, ${nameOf(way)}`,
    columns: [
      textColumn('phase'),
      textColumn(''),
      textColumn('p50', 0, 'right'),
      textColumn('p99', 0, 'right'),
    ],
    rows: [...rows, last],
  }
}

function phasesOf({ handshake }: ProbedWay) {
  return Object.entries(handshake).flatMap(([name, phase]) => (name === WHOLE ? [] : [{ name, ...phase }]))
}

function titleOf(name: string): string {
  return metricByName(name)?.title ?? name
}

function waysTable(ways: readonly ProbedWay[]): Table {
  const percentile = (title: string, statistic: string) => ({ ...textColumn(title, 0, 'right'), statistic })
  return {
    title: 'Each way to connect',
    columns: [
      textColumn('connection'),
      textColumn('connections', 1, 'right'),
      textColumn('resumed', 2, 'right'),
      percentile('handshake', 'p50'),
      percentile('handshake', 'p99'),
      percentile('call', 'p50'),
      percentile('call', 'p99'),
      textColumn('calls', 1, 'right'),
      textColumn('failed', 0, 'right'),
    ],
    rows: ways.map((way): Cell[] => {
      const { connections, resumed, handshake, call, calls, errors } = way
      const all = handshake[WHOLE]
      const failed = Object.values(errors).reduce((sum, number) => sum + number, 0)
      const time = (value: number | undefined) => (value === undefined ? EMPTY : plain(duration(value)))
      return [
        plain(nameOf(way)),
        plain(whole(connections)),
        plain(whole(resumed)),
        time(all?.p50),
        time(all?.p99),
        time(call?.p50),
        time(call?.p99),
        plain(whole(calls)),
        { text: whole(failed), tone: failed > 0 ? 'bad' : 'plain' },
      ]
    }),
  }
}

function errorLines(ways: readonly ProbedWay[]): Lines[] {
  const lines = ways.flatMap((way) =>
    Object.entries(way.errors).map(
      ([name, count]): Cell => ({
        text: `${nameOf(way)}: ${clean(name)}, ${whole(count)} times`,
        tone: 'bad',
      }),
    ),
  )
  return lines.length > 0 ? [{ title: 'Calls that failed', lines }] : []
}
