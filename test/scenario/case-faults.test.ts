import { expect, test } from 'vitest'
import { CHAT, type Fault, faults, REST } from './scenario-file.ts'

const HUNDRED = Array.from({ length: 100 }, (_, index) => index + 1)

const FAULTS: Fault[] = [
  {
    name: 'a search without an objective',
    text: `${REST}defaults: { load: { model: search } }\n`,
    says: [
      's.yaml:1:12: a search load needs `below`',
      '    targets: { rest: { interface: rest, api: kserve-v2, url: "http://x", model: mlp } }',
      '               ^^^^',
      '  Add e.g. `below: 50ms`.',
    ],
  },
  {
    name: 'a search for a statistic that is none',
    text: `${REST}defaults: { load: { model: search, metric: request_latency.p98, below: 50ms } }\n`,
    says: [
      's.yaml:2:44: this is no statistic of a metric',
      '    defaults: { load: { model: search, metric: request_latency.p98, below: 50ms } }',
      '                                               ^^^^^^^^^^^^^^^^^^^',
      '  The statistics are `min`, `mean`, `max`, `stddev`, `p50`, `p75`, `p90`, `p95`, `p99`, `p99_9`.',
    ],
  },
  {
    name: 'a search for what the calls do not have',
    text: `${REST}defaults: { load: { model: search, metric: time_to_first_token.p99, below: 50ms } }\n`,
    says: [
      's.yaml:2:44: calls of rest have no time_to_first_token',
      '    defaults: { load: { model: search, metric: time_to_first_token.p99, below: 50ms } }',
      '                                               ^^^^^^^^^^^^^^^^^^^^^^^',
      '  Take a metric that they have, e.g. request_latency.p99.',
    ],
  },
  {
    name: 'an idle load without sessions',
    text: `${REST}defaults: { load: { model: idle } }\n`,
    says: [
      's.yaml:1:12: an idle load needs `sessions`',
      '    targets: { rest: { interface: rest, api: kserve-v2, url: "http://x", model: mlp } }',
      '               ^^^^',
      '  Add e.g. `sessions: 1000`.',
    ],
  },
  {
    name: 'an idle load that counts calls',
    text: `${REST}defaults: { load: { model: idle, sessions: 5, calls: 9 } }\n`,
    says: [
      's.yaml:2:47: an idle load has no `calls`',
      '    defaults: { load: { model: idle, sessions: 5, calls: 9 } }',
      '                                                  ^^^^^',
      '  It belongs to `model: closed` or `model: constant` or `model: poisson`.',
    ],
  },
  {
    name: 'an idle load of streams that end by themselves',
    text: 'targets: { chat: { interface: sse, api: openai-chat, url: "http://x", model: m } }\ndefaults: { load: { model: idle, sessions: 5 } }\n',
    says: [
      's.yaml:1:41: a stream of openai-chat ends by itself, so none can stand idle',
      '    targets: { chat: { interface: sse, api: openai-chat, url: "http://x", model: m } }',
      '                                            ^^^^^^^^^^^',
      '  Take `api: raw`, and the URL of a stream that stays open.',
    ],
  },
  {
    name: 'an unknown target',
    text: `${REST}cases:\n  - { target: rset }\n`,
    says: [
      's.yaml:3:15: there is no target `rset`',
      '      - { target: rset }',
      '                  ^^^^',
      '  Did you mean `rest`?',
    ],
  },
  {
    name: 'an unknown target in a list',
    text: `${REST}cases:\n  - target: [rest, grpc]\n`,
    says: [
      's.yaml:3:20: there is no target `grpc`',
      '      - target: [rest, grpc]',
      '                       ^^^^',
      '  The targets are `rest`.',
    ],
  },
  {
    name: 'a target twice in a case',
    text: `${REST}cases:\n  - target: [rest, rest]\n`,
    says: [
      's.yaml:3:20: the target `rest` is named twice',
      '      - target: [rest, rest]',
      '                       ^^^^',
      '  Keep one of the two.',
    ],
  },
  {
    name: 'two cases of one name',
    text: `${REST}cases:\n  - { target: rest, name: a }\n  - { target: rest, name: a }\n`,
    says: [
      's.yaml:4:27: another case is called `a`, too',
      '      - { target: rest, name: a }',
      '                              ^',
      '  Give each case a name of its own.',
    ],
  },
  {
    name: 'calls and a duration',
    text: `${REST}defaults: { load: { calls: 5, duration: 5s } }\n`,
    says: [
      's.yaml:2:21: a round ends after `calls` or after `duration`',
      '    defaults: { load: { calls: 5, duration: 5s } }',
      '                        ^^^^^',
      '  Keep one of the two.',
    ],
  },
  {
    name: 'two payloads in one',
    text: `${REST}defaults: { payload: { size: 1KiB, text: a } }\n`,
    says: [
      's.yaml:2:36: a payload is either `size` or `text`',
      '    defaults: { payload: { size: 1KiB, text: a } }',
      '                                       ^^^^',
      '  Keep one of the two.',
    ],
  },
  {
    name: 'an encoding of tokens',
    text: `${CHAT}defaults: { payload: { prompt_tokens: 3, encoding: binary } }\n`,
    says: [
      's.yaml:2:42: `encoding` does not go with `prompt_tokens`',
      '    defaults: { payload: { prompt_tokens: 3, encoding: binary } }',
      '                                             ^^^^^^^^',
      '  Remove one of the two.',
    ],
  },
  {
    name: 'a tensor for a chat',
    text: `${CHAT}defaults: { payload: { size: 1KiB } }\n`,
    says: [
      's.yaml:2:30: a payload of the form size is no prompt',
      '    defaults: { payload: { size: 1KiB } }',
      '                                 ^^^^',
      '  Give it prompt_tokens and output_tokens, or text.',
    ],
  },
  {
    name: 'a tensor that its batch does not divide',
    text: `${REST}defaults: { payload: { size: 10B } }\n`,
    says: [
      's.yaml:2:30: a payload of 10 bytes does not make 1 rows of FP32 numbers',
      '    defaults: { payload: { size: 10B } }',
      '                                 ^^^',
      '  Take a multiple of 4 bytes.',
    ],
  },
  {
    name: 'a key of another load',
    text: `${REST}cases: [{ target: rest, load: { rate: 5/s } }]\n`,
    says: [
      's.yaml:2:33: a closed load has no `rate`',
      '    cases: [{ target: rest, load: { rate: 5/s } }]',
      '                                    ^^^^',
      '  It belongs to `model: constant` or `model: poisson`.',
    ],
  },
  {
    name: 'stages without a rate',
    text: `${REST}cases: [{ target: rest, load: { model: ramp, stages: [{ rate: 0/s, duration: 1s }] } }]\n`,
    says: [
      's.yaml:2:46: no stage has a rate above 0',
      '    cases: [{ target: rest, load: { model: ramp, stages: [{ rate: 0/s, duration: 1s }] } }]',
      '                                                 ^^^^^^',
      '  Let at least one stage rise.',
    ],
  },
  {
    name: 'a vary that touches nothing',
    text: `${REST}vary: { load.rate: [5/s] }\n`,
    says: [
      's.yaml:2:9: no case has `load.rate`',
      '    vary: { load.rate: [5/s] }',
      '            ^^^^^^^^^',
      '  It touches cases whose payload or load is of a kind that has it.',
    ],
  },
  {
    name: 'a vary of an unknown key',
    text: `${REST}vary: { payload.sise: [1KiB] }\n`,
    says: [
      's.yaml:2:9: unknown key `payload.sise`',
      '    vary: { payload.sise: [1KiB] }',
      '            ^^^^^^^^^^^^',
      '  Did you mean `payload.size`?',
    ],
  },
  {
    name: 'a vary without a list',
    text: `${REST}vary: { payload.size: 1KiB }\n`,
    says: [
      's.yaml:2:23: `payload.size` is not a list',
      '    vary: { payload.size: 1KiB }',
      '                          ^^^^',
      '  Begin each item with a dash, or write [a, b].',
    ],
  },
  {
    name: 'too many combinations',
    text: `${REST}vary: { payload.batch: [${HUNDRED}], load.concurrency: [${HUNDRED}], load.connections: [${HUNDRED}] }\n`,
    says: [
      's.yaml:2:1: the values combine to more than 100,000 cases',
      '    vary: { payload.batch: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,2',
      '    ^^^^',
      '  Vary fewer keys at once.',
    ],
  },
]

test.each(FAULTS)('$name', async ({ text, given, says }) => {
  expect((await faults(text, given)).split('\n')).toEqual(says)
})
