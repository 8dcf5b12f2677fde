// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.

import { expect, test } from 'vitest'
import { type Fault, faults, REST } from './scenario-file.ts'

const FAULTS: Fault[] = [
  {
    name: 'a unit that does not exist',
    text: `${REST}defaults: { payload: { size: 10kb } }\n`,
    says: [
      's.yaml:2:30: a size has no unit `kb`',
      '    defaults: { payload: { size: 10kb } }',
      '                                 ^^^^',
      '  The units are B, KB, KiB, MB, MiB. Write it like 256B, 1KB, 10KiB, 1MiB.',
    ],
  },
  {
    name: 'a size without a unit',
    text: `${REST}defaults: { payload: { size: 1024 } }\n`,
    says: [
      's.yaml:2:30: a size needs a unit',
      '    defaults: { payload: { size: 1024 } }',
      '                                 ^^^^',
      '  Write it like 256B, 1KB, 10KiB, 1MiB. The units are B, KB, KiB, MB, MiB.',
    ],
  },
  {
    name: 'a size that is no size',
    text: `${REST}defaults: { payload: { size: big } }\n`,
    says: [
      's.yaml:2:30: this is not a size',
      '    defaults: { payload: { size: big } }',
      '                                 ^^^',
      '  Write it like 256B, 1KB, 10KiB, 1MiB.',
    ],
  },
  {
    name: 'a size of half a byte',
    text: `${REST}defaults: { payload: { size: 0.5KiB } }\ncases: [{ target: rest, payload: { size: 1.5B } }]\n`,
    says: [
      's.yaml:3:42: this size is not a whole number of B',
      '    cases: [{ target: rest, payload: { size: 1.5B } }]',
      '                                             ^^^^',
      '  Write it like 256B, 1KB, 10KiB, 1MiB.',
    ],
  },
  {
    name: 'a size beyond all',
    text: `${REST}defaults: { payload: { size: 1000000MiB } }\n`,
    says: [
      's.yaml:2:30: this size is out of range',
      '    defaults: { payload: { size: 1000000MiB } }',
      '                                 ^^^^^^^^^^',
      '  It is from 1B to 256MiB.',
    ],
  },
  {
    name: 'a negative rate',
    text: `${REST}defaults: { load: { model: constant, rate: -5/s } }\n`,
    says: [
      's.yaml:2:44: this rate is out of range',
      '    defaults: { load: { model: constant, rate: -5/s } }',
      '                                               ^^^^',
      '  It is above 0, to 1000000/s.',
    ],
  },
  {
    name: 'a rate without a unit',
    text: `${REST}defaults: { load: { model: constant, rate: 5 } }\n`,
    says: [
      's.yaml:2:44: a rate needs a unit',
      '    defaults: { load: { model: constant, rate: 5 } }',
      '                                               ^',
      '  Write it like 200/s, 10/m. The units are /s, /m, /h.',
    ],
  },
  {
    name: 'a zero duration',
    text: `${REST}defaults: { load: { duration: 0s } }\n`,
    says: [
      's.yaml:2:31: this duration is out of range',
      '    defaults: { load: { duration: 0s } }',
      '                                  ^^',
      '  It is above 0, to 24h.',
    ],
  },
  {
    name: 'a concurrency with a unit',
    text: `${REST}defaults: { load: { concurrency: 8x } }\n`,
    says: [
      's.yaml:2:34: this is not a number of calls',
      '    defaults: { load: { concurrency: 8x } }',
      '                                     ^^',
      '  It is a whole number from 1 to 100000.',
    ],
  },
  {
    name: 'an unset variable',
    text: 'targets:\n  a:\n    interface: rest\n    api: raw\n    url: "http://${env:INFER_HOST}/x"\n',
    says: [
      's.yaml:5:10: the environment variable INFER_HOST is not set',
      '        url: "http://${env:INFER_HOST}/x"',
      '             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^',
      '  Set it, or give a default: ${env:INFER_HOST:-default}.',
    ],
  },
  {
    name: 'an unset variable as a number',
    text: `${REST}seed: "\${env:SEED}"\n`,
    says: [
      's.yaml:2:7: the environment variable SEED is not set',
      '    seed: "${env:SEED}"',
      '          ^^^^^^^^^^^^^',
      '  Set it, or give a default: ${env:SEED:-default}.',
    ],
  },
  {
    name: 'a variable that is no number',
    text: `${REST}seed: "\${env:SEED}"\n`,
    given: { env: { SEED: 'many' } },
    says: [
      's.yaml:2:7: this is not a seed',
      '    seed: "${env:SEED}"',
      '          ^^^^^^^^^^^^^',
      '  It is a whole number from 0 to 4294967295.',
    ],
  },
  {
    name: 'a malformed template',
    text: 'targets: { a: { interface: rest, api: raw, url: "${env.HOST}" } }\n',
    says: [
      's.yaml:1:49: this template is not understood',
      '    targets: { a: { interface: rest, api: raw, url: "${env.HOST}" } }',
      '                                                    ^^^^^^^^^^^^^',
      '  The templates are ${env:NAME}, ${env:NAME:-default}, ${reference.http}, ${reference.https}, ${reference.grpc}, ${reference.grpcs}, ${reference.ws}, ${reference.wss}, ${reference.mcp}, ${reference.mcps}, ${reference.ca}, ${reference.client_cert} and ${reference.client_key}.',
    ],
  },
  {
    name: 'an unknown reference',
    text: 'server: reference\ntargets: { a: { interface: rest, api: raw, url: "${reference.htp}" } }\n',
    says: [
      's.yaml:2:49: there is no ${reference.htp}',
      '    targets: { a: { interface: rest, api: raw, url: "${reference.htp}" } }',
      '                                                    ^^^^^^^^^^^^^^^^^^',
      '  Did you mean `reference.http`?',
    ],
  },
  {
    name: 'a reference without its server',
    text: 'targets: { a: { interface: rest, api: raw, url: "${reference.http}" } }\n',
    says: [
      's.yaml:1:49: no reference server is started',
      '    targets: { a: { interface: rest, api: raw, url: "${reference.http}" } }',
      '                                                    ^^^^^^^^^^^^^^^^^^^',
      '  Add `server: reference` to the scenario.',
    ],
  },
  {
    name: 'a reference where none can be',
    text: 'server: reference\nname: "${reference.http}"\ntargets: { rest: { interface: rest, api: kserve-v2, url: "http://x", model: mlp } }\n',
    says: [
      's.yaml:2:7: ${reference.http} cannot stand here',
      '    name: "${reference.http}"',
      '          ^^^^^^^^^^^^^^^^^^^',
      '  It is for the `url` of a target, and for the files of its `tls`.',
    ],
  },
  {
    name: 'two cases that are the same',
    text: `${REST}cases:\n  - { target: rest }\n  - { target: rest }\n`,
    says: [
      's.yaml:4:5: this case would be called `rest`, as another one is',
      '      - { target: rest }',
      '        ^^^^^^^^^^^^^^^^',
      '  Give it a `name`, or remove it.',
    ],
  },
  {
    name: 'a rate that is missing',
    text: `${REST}cases: [{ target: rest, load: { model: poisson } }]\n`,
    says: [
      's.yaml:2:25: a poisson load needs `rate`',
      '    cases: [{ target: rest, load: { model: poisson } }]',
      '                            ^^^^',
      '  Add e.g. `rate: 20/s`.',
    ],
  },
  {
    name: 'a load that is no mapping',
    text: `${REST}defaults: { load: 5 }\n`,
    says: [
      's.yaml:2:19: `load` is not a mapping of keys to values',
      '    defaults: { load: 5 }',
      '                      ^',
      '  Its keys go beneath it, indented, or into { }.',
    ],
  },
  {
    name: 'cases that are no list',
    text: `${REST}cases: { target: rest }\n`,
    says: [
      's.yaml:2:1: `cases` is not a list',
      '    cases: { target: rest }',
      '    ^^^^^',
      '  Begin each item with a dash, or write [a, b].',
    ],
  },
  {
    name: 'no cases',
    text: `${REST}cases: []\n`,
    says: [
      's.yaml:2:1: `cases` is empty',
      '    cases: []',
      '    ^^^^^',
      '  Add at least one item, or remove it.',
    ],
  },
]

test.each(FAULTS)('$name', async ({ text, given, says }) => {
  expect((await faults(text, given)).split('\n')).toEqual(says)
})
