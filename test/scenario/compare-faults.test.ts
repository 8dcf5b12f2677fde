import { expect, test } from 'vitest'
import { type Fault, faults, plan } from './scenario-file.ts'

const TWO =
  'targets: { old: { interface: rest, api: raw, url: "http://x" }, new: { interface: rest, api: raw, url: "http://y" } }\n'

const FAULTS: Fault[] = [
  {
    name: 'a target that is not there',
    text: `${TWO}compare: { baseline: old, candidate: nwe }\n`,
    says: [
      's.yaml:2:38: there is no target `nwe`',
      '    compare: { baseline: old, candidate: nwe }',
      '                                         ^^^',
      '  Did you mean `new`?',
    ],
  },
  {
    name: 'a target and itself',
    text: `${TWO}compare: { baseline: old, candidate: old }\n`,
    says: [
      's.yaml:2:38: a target is compared with itself',
      '    compare: { baseline: old, candidate: old }',
      '                                         ^^^',
      '  Name another target.',
    ],
  },
  {
    name: 'a metric that is not there',
    text: `${TWO}compare: { baseline: old, candidate: new, metrics: { request_latency.p89: 5% } }\n`,
    says: ['s.yaml:2:54: there is no metric `request_latency.p89`', '  Did you mean `request_latency.p99`?'],
  },
  {
    name: 'a server that a shell would have to read',
    text: `${TWO}servers: { old: { command: node server.js, ready: "http://x" } }\n`,
    says: [
      's.yaml:2:28: this is no command',
      '    servers: { old: { command: node server.js, ready: "http://x" } }',
      '                               ^^^^^^^^^^^^^^',
      '  Write it like [node, server.js]: no shell reads it, so every argument is an item of its own.',
    ],
  },
  {
    name: 'a server that does not say when it is ready',
    text: `${TWO}servers: { old: { command: [node], ready: soon } }\n`,
    says: [
      's.yaml:2:43: this is no address that can be asked',
      '    servers: { old: { command: [node], ready: soon } }',
      '                                              ^^^^',
      '  Write an address, like http://127.0.0.1:8001/health or tcp://127.0.0.1:8001, or what it prints: { line: listening }.',
    ],
  },
]

test.each(FAULTS)('$name', async ({ text, says }) => {
  const found = await faults(text)
  for (const line of says) expect(found).toContain(line)
})

test('what is compared has twelve rounds, unless the scenario says otherwise', async () => {
  const roundsOf = async (text: string) => (await plan(`${TWO}${text}`)).cases.map(({ rounds }) => rounds)
  expect(await roundsOf('compare: { baseline: old, candidate: new }\n')).toEqual([12, 12])
  expect(await roundsOf('compare: { baseline: old, candidate: new, min_rounds: 20 }\n')).toEqual([20, 20])
  expect(await roundsOf('compare: { baseline: old, candidate: new }\ndefaults: { rounds: 5 }\n')).toEqual([
    5, 5,
  ])
})
