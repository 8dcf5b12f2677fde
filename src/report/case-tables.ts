/** The tables that have a row for each case, in the order in which a person asks. */

import type { CaseResult } from '../result/document.ts'
import { wasIdle } from '../result/idle.ts'
import { caseTable, errorColumn, floorColumn, lossColumn, summed, timing } from './case-table.ts'
import type { Table } from './page.ts'

export function caseTables(cases: readonly CaseResult[]): (Table | null)[] {
  const [idle, calling] = [cases.filter(wasIdle), cases.filter((result) => !wasIdle(result))]
  const unary = calling.filter(({ kind }) => kind === 'unary')
  const streaming = calling.filter(({ kind }) => kind === 'streaming')
  const p50 = (name: string, group: string, expendable = 0) =>
    timing(name, 'p50', { group, expendable, showStatistic: false })
  const outcome = [
    summed('goodput', 'percent', { expendable: 5 }),
    summed('interrupted', 'count', { unlessZero: true, expendable: 2 }),
    summed('dropped', 'count', { unlessZero: true, expendable: 2 }),
    summed('throttled', 'count', { unlessZero: true, expendable: 2 }),
  ]
  const rate = [
    summed('requested_rate', 'number', { title: 'requested/s', expendable: 6 }),
    summed('request_throughput', 'number'),
  ]
  return [
    caseTable(
      'Idle sessions',
      idle,
      [
        summed('sessions', 'count', { title: 'stood' }),
        lossColumn(),
        timing('handshake', 'p50'),
        timing('handshake', 'p99'),
        summed('server_memory_per_session', 'kibibytes'),
        summed('client_memory_per_session', 'kibibytes'),
      ],
      { everyCase: true },
    ),
    caseTable(
      'Unary calls',
      unary,
      [
        ...rate,
        timing('request_latency', 'p50'),
        timing('request_latency', 'p90', { expendable: 4 }),
        timing('request_latency', 'p99'),
        timing('service_time', 'p50', { expendable: 3 }),
        timing('overhead_time', 'p50', { expendable: 1 }),
        ...outcome,
      ],
      { besides: [floorColumn('request_latency', 'p50', 4), errorColumn()], everyCase: true },
    ) ?? failedTable('Unary calls', unary),
    caseTable(
      'Streaming calls',
      streaming,
      [
        ...rate,
        timing('time_to_first_token', 'p50'),
        timing('time_to_first_token', 'p99'),
        timing('inter_chunk_latency', 'p50'),
        timing('inter_chunk_latency', 'p99'),
        timing('message_latency', 'p50'),
        timing('message_latency', 'p99'),
        timing('time_per_output_token', 'p50', { expendable: 4 }),
        timing('request_latency', 'p50', { expendable: 3 }),
        summed('output_token_throughput', 'number'),
        ...outcome,
      ],
      { besides: [floorColumn('time_to_first_token', 'p50', 4), errorColumn()], everyCase: true },
    ) ?? failedTable('Streaming calls', streaming),
    caseTable(
      'What the interface costs',
      cases,
      [
        timing('overhead_time', 'p50'),
        timing('overhead_time', 'p99'),
        p50('server_queue', 'server', 1),
        p50('server_compute', 'server', 1),
        summed('overhead_bytes', 'percent'),
        summed('throughput_per_core', 'number'),
        summed('server_memory_growth', 'mebibytes'),
      ],
      { besides: [summed('client_cpu_time', 'time', { expendable: 2 })] },
    ),
    caseTable(
      'Handshake, p50',
      cases,
      [
        p50('process_spawn', 'handshake'),
        p50('dns_lookup', 'handshake'),
        p50('tcp_connect', 'handshake'),
        p50('tls_handshake', 'handshake'),
        p50('protocol_setup', 'handshake'),
        p50('handshake', 'handshake'),
        p50('ping_rtt', 'connection', 2),
        p50('reconnect_time', 'connection', 2),
        p50('resume_time', 'connection', 2),
      ],
      {
        besides: [
          summed('handshake_bytes', 'count', { expendable: 2 }),
          summed('connections', 'count', { expendable: 1 }),
          summed('resumed', 'count', { unlessZero: true, expendable: 1 }),
        ],
      },
    ),
    caseTable(
      'Phases of a call, p50',
      cases,
      [
        p50('dispatch_delay', 'phase', 2),
        p50('connection_wait', 'phase', 1),
        p50('serialize', 'phase'),
        p50('request_send', 'phase'),
        p50('request_wait', 'phase'),
        p50('response_receive', 'phase'),
        p50('deserialize', 'phase'),
      ],
      {
        besides: [
          summed('calls', 'count', { title: 'calls', expendable: 3 }),
          summed('tainted', 'count', { unlessZero: true, expendable: 2 }),
        ],
      },
    ),
  ]
}

/** Where no call succeeded there is nothing to measure, but the cases must not vanish. */
function failedTable(title: string, cases: readonly CaseResult[]): Table | null {
  const columns = [summed('calls', 'count', { title: 'calls' }), errorColumn()]
  return caseTable(title, cases, columns, { everyCase: true })
}
