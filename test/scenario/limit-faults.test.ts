import { expect, test } from 'vitest'
import { type Fault, faults, REST } from './scenario-file.ts'

const FAULTS: Fault[] = [
  {
    name: 'a threshold beside something that is no baseline',
    text: `${REST}thresholds: { rest: { request_latency: { p99: "<= baseline * 2" } } }\n`,
    says: [
      's.yaml:2:47: this is no limit beside a baseline',
      '    thresholds: { rest: { request_latency: { p99: "<= baseline * 2" } } }',
      '                                                  ^^^^^^^^^^^^^^^^^',
      '  Write it like "<= baseline + 5%", "<= baseline + 250ms" or ">= baseline - 5%".',
    ],
  },
  {
    name: 'a threshold with an unknown key',
    text: `${REST}thresholds: { rest: { error_rate: { limit: "< 1%", abort: true } } }\n`,
    says: [
      's.yaml:2:23: this is not a threshold',
      '    thresholds: { rest: { error_rate: { limit: "< 1%", abort: true } } }',
      '                          ^^^^^^^^^^',
      '  Write it like "< 0.1%" or { limit: "< 0.1%", abort_on_fail: true }.',
    ],
  },
  {
    name: 'a threshold on an unknown metric',
    text: `${REST}thresholds: { rest: { request_latencey: { p99: "< 5ms" } } }\n`,
    says: [
      's.yaml:2:23: unknown key `request_latencey`',
      '    thresholds: { rest: { request_latencey: { p99: "< 5ms" } } }',
      '                          ^^^^^^^^^^^^^^^^',
      '  Did you mean `request_latency`?',
    ],
  },
  {
    name: 'a threshold on an unknown statistic',
    text: `${REST}thresholds: { rest: { request_latency: { p99.9: "< 5ms" } } }\n`,
    says: [
      's.yaml:2:42: unknown key `p99.9`',
      '    thresholds: { rest: { request_latency: { p99.9: "< 5ms" } } }',
      '                                             ^^^^^',
      '  Did you mean `p99_9`?',
    ],
  },
  {
    name: 'a threshold without a statistic',
    text: `${REST}thresholds: { rest: { request_latency: "< 5ms" } }\n`,
    says: [
      's.yaml:2:40: `request_latency` is not a mapping of keys to values',
      '    thresholds: { rest: { request_latency: "< 5ms" } }',
      '                                           ^^^^^^^',
      '  Say which statistic of it, like { p99: "< 50ms" }.',
    ],
  },
  {
    name: 'a threshold without a comparison',
    text: `${REST}thresholds: { rest: { request_latency: { p99: 5ms } } }\n`,
    says: [
      's.yaml:2:47: a threshold begins with a comparison',
      '    thresholds: { rest: { request_latency: { p99: 5ms } } }',
      '                                                  ^^^',
      '  Write it in quotes, like "< 250ms"; <, <=, > and >= are understood.',
    ],
  },
  {
    name: 'a threshold without its unit',
    text: `${REST}thresholds: { rest: { error_rate: "< 1" } }\n`,
    says: [
      's.yaml:2:35: a share needs a unit',
      '    thresholds: { rest: { error_rate: "< 1" } }',
      '                                      ^^^^^',
      '  Write it like 0.1%, 99%. The unit is %.',
    ],
  },
  {
    name: 'a threshold for nobody',
    text: `${REST}thresholds: { rset: { error_rate: "< 1%" } }\n`,
    says: [
      's.yaml:2:15: there is no target or case `rset`',
      '    thresholds: { rset: { error_rate: "< 1%" } }',
      '                  ^^^^',
      '  Did you mean `rest`?',
    ],
  },
  {
    name: 'a threshold that nothing can meet',
    text: `${REST}thresholds: { rest: { time_to_first_token: { p50: "< 5ms" } } }\n`,
    says: [
      's.yaml:2:46: a call with one reply has no time_to_first_token',
      '    thresholds: { rest: { time_to_first_token: { p50: "< 5ms" } } }',
      '                                                 ^^^',
      '  Remove it, or name the cases that have it.',
    ],
  },
  {
    name: 'a threshold on calls that nobody makes',
    text: `${REST}defaults: { load: { model: idle, sessions: 5 } }\nthresholds: { rest: { error_rate: "< 1%" } }\n`,
    says: [
      's.yaml:3:23: an idle load has no error_rate',
      '    thresholds: { rest: { error_rate: "< 1%" } }',
      '                          ^^^^^^^^^^',
      '  Remove it, or name the cases that have it.',
    ],
  },
  {
    name: 'a threshold on sessions of a load that makes calls',
    text: `${REST}thresholds: { rest: { server_memory_per_session: "< 9KiB" } }\n`,
    says: [
      's.yaml:2:23: a load that makes calls has no server_memory_per_session',
      '    thresholds: { rest: { server_memory_per_session: "< 9KiB" } }',
      '                          ^^^^^^^^^^^^^^^^^^^^^^^^^',
      '  Remove it, or name the cases that have it.',
    ],
  },
  {
    name: 'an slo on an unknown metric',
    text: `${REST}defaults: { slo: { latency: 50ms } }\n`,
    says: [
      's.yaml:2:20: unknown key `latency`',
      '    defaults: { slo: { latency: 50ms } }',
      '                       ^^^^^^^',
      '  The keys here are `request_latency`, `service_time`, `dispatch_delay`, `connection_wait`, `serialize`, `request_send`, `request_wait`, `response_receive`, `deserialize`, `time_to_first_token`, `inter_token_latency`, `time_per_output_token`, `server_queue`, `server_compute`, `overhead_time`.',
    ],
  },
  {
    name: 'a claim on an unknown metric',
    text: `${REST}claims: [{ says: x, metric: request_latency.p5, of: rest, over: rest, expect: 2..3 }]\n`,
    says: [
      's.yaml:2:29: there is no such metric',
      '    claims: [{ says: x, metric: request_latency.p5, of: rest, over: rest, expect: 2..3 }]',
      '                                ^^^^^^^^^^^^^^^^^^',
      '  Write it like `request_latency.p50`.',
    ],
  },
  {
    name: 'a claim on an unknown target',
    text: `${REST}claims: [{ says: x, metric: request_latency.p50, of: rest, over: grpc, expect: 2..3 }]\n`,
    says: [
      's.yaml:2:66: there is no target or case `grpc`',
      '    : x, metric: request_latency.p50, of: rest, over: grpc, expect: 2..3 }]',
      '                                                      ^^^^',
      '  The targets and cases are `all`, `rest`.',
    ],
  },
  {
    name: 'a claim that expects nothing',
    text: `${REST}claims: [{ says: x, metric: request_latency.p50, of: rest, over: rest, expect: 3..2 }]\n`,
    says: [
      's.yaml:2:80: the range ends below its beginning',
      '    equest_latency.p50, of: rest, over: rest, expect: 3..2 }]',
      '                                                      ^^^^',
      '  Write it like 2..3, 10..30ms, "> 1.5" or "< 10ms".',
    ],
  },
  {
    name: 'a claim that expects a word',
    text: `${REST}claims: [{ says: x, metric: request_latency.p50, of: rest, expect: fast }]\n`,
    says: [
      's.yaml:2:68: this is neither a range nor a bound',
      '    x, metric: request_latency.p50, of: rest, expect: fast }]',
      '                                                      ^^^^',
      '  Write it like 2..3, 10..30ms, "> 1.5" or "< 10ms".',
    ],
  },
  {
    name: 'a claim of a duration without a unit',
    text: `${REST}claims: [{ says: x, metric: request_latency.p50, of: rest, expect: 10..30 }]\n`,
    says: [
      's.yaml:2:68: a duration needs a unit',
      '    x, metric: request_latency.p50, of: rest, expect: 10..30 }]',
      '                                                      ^^^^^^',
      '  Write it like 250ms, 5s, 0s. The units are us, ms, s, m, h.',
    ],
  },
  {
    name: 'a claim that says too little',
    text: `${REST}claims: [{ says: x, metric: request_latency.p50, of: rest }]\n`,
    says: [
      's.yaml:2:10: `expect` is missing',
      '    claims: [{ says: x, metric: request_latency.p50, of: rest }]',
      '             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^',
      '  Say what is measured and what is expected, or why it cannot be measured (`cannot`).',
    ],
  },
  {
    name: 'a claim that cannot be measured, and how to measure it',
    text: `${REST}claims: [{ says: x, cannot: it is far, of: rest }]\n`,
    says: [
      's.yaml:2:40: `of` has no meaning beside `cannot`',
      '    claims: [{ says: x, cannot: it is far, of: rest }]',
      '                                           ^^',
      '  Keep `cannot`, or what is to be measured.',
    ],
  },
  {
    name: 'a claim about a case that is not there',
    text: `${REST}claims: [{ says: x, metric: request_latency.p50, of: rest, expect: "< 9ms", where: { payload.size: 9KiB } }]\n`,
    says: [
      's.yaml:2:100: no case of `of` has this `payload.size`',
      '    of: rest, expect: "< 9ms", where: { payload.size: 9KiB } }]',
      '                                                      ^^^^',
      '  There is 1KiB.',
    ],
  },
]

test.each(FAULTS)('$name', async ({ text, given, says }) => {
  expect((await faults(text, given)).split('\n')).toEqual(says)
})
