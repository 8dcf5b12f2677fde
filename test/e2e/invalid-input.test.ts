// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** What is wrong with the input is told with its place and its cure, and nothing is sent. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PlainServer, startPlain } from '../servers/plain-http.ts'
import { cli, type Ended } from './cli.ts'
import { folderWith, quickScenario } from './folder.ts'

let server: PlainServer
let calls = 0

beforeAll(async () => {
  server = await startPlain((_request, response) => {
    calls++
    response.end('{}')
  })
})

afterAll(() => server.stop())

const target = () => `targets:\n  mine: { interface: rest, api: raw, url: "${server.url}" }\n`

interface Wrong {
  what: string
  /** What follows the targets; the first line is the third of the file. */
  rest: string
  at: string
  says: string[]
}

const WRONG: Wrong[] = [
  {
    what: 'text that is not YAML',
    rest: 'cases: [ { target: mine }\n',
    at: '4:1',
    says: ['not valid YAML', 'Check the indentation'],
  },
  {
    what: 'a thousand aliases',
    rest: `defaults: &d { rounds: 1 }\ncases:\n${'  - *d\n'.repeat(1000)}`,
    at: '105:5',
    says: ['more than 100 aliases'],
  },
  {
    what: 'an unknown key',
    rest: 'defaults: { load: { concurency: 2 } }\n',
    at: '3:21',
    says: ['unknown key `concurency`', 'Did you mean `concurrency`?'],
  },
  {
    what: 'a number without its unit',
    rest: 'defaults: { load: { duration: 5 } }\n',
    at: '3:31',
    says: ['a duration needs a unit', '250ms'],
  },
  {
    what: 'the unit of another quantity',
    rest: 'defaults: { load: { model: constant, rate: 5s } }\n',
    at: '3:44',
    says: ['rate', '/s'],
  },
  {
    what: 'a negative rate',
    rest: 'defaults: { load: { model: constant, rate: -5/s } }\n',
    at: '3:44',
    says: ['out of range', 'above 0'],
  },
  {
    what: 'a variable that is not set',
    rest: 'defaults: { payload: { text: "${env:INFER_BENCH_NOT_SET}" } }\n',
    at: '3:30',
    says: ['INFER_BENCH_NOT_SET is not set', '${env:INFER_BENCH_NOT_SET:-default}'],
  },
  {
    what: 'a target that is not there',
    rest: 'cases:\n  - { target: mien }\n',
    at: '4:15',
    says: ['there is no target `mien`', 'Did you mean `mine`?'],
  },
  {
    what: 'two cases of one name',
    rest: 'cases:\n  - { name: same, target: mine }\n  - { name: same, target: mine }\n',
    at: '5:13',
    says: ['another case is called `same`'],
  },
  {
    what: 'a threshold for a case that is not there',
    rest: 'thresholds: { mien: { error_rate: "< 1%" } }\n',
    at: '3:15',
    says: ['there is no target or case `mien`'],
  },
]

/** The faults of several files are told in one go, so that one start of the tool is enough for all of them. */
describe('104, the place and the cure', () => {
  let ended: Ended
  const fileOf = ({ what }: Wrong) => `${what.replaceAll(' ', '-')}.yaml`

  beforeAll(async () => {
    const folder = await folderWith(
      Object.fromEntries(WRONG.map((wrong) => [fileOf(wrong), `${target()}${wrong.rest}`])),
    )
    ended = await cli(['run', ...WRONG.map(fileOf)], { cwd: folder })
  })

  test.each(WRONG)('$what', (wrong) => {
    const told = ended.stderr
      .split(/^(?:error: )?(?=\S+\.yaml:)/m)
      .find((part) => part.startsWith(fileOf(wrong)))
    expect(told).toMatch(new RegExp(`^${fileOf(wrong)}:${wrong.at}: `))
    for (const text of wrong.says) expect(told).toContain(text)
  })

  test('and no more', () => {
    expect(ended.stderr).toMatch(/^error: /)
    expect(ended.stderr.match(/^(?:error: )?\S+\.yaml:\d+:\d+: /gm)).toHaveLength(WRONG.length)
    expect(ended.stderr).not.toMatch(/ {4}at |internal error/)
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 104, stdout: '' })
  })
})

describe.concurrent('104, of one file', () => {
  test('a file that is not there', async () => {
    const { code, stderr } = await cli(['run', 'nowhere.yaml'], { cwd: await folderWith({}) })
    expect(stderr).toBe(
      'error: nowhere.yaml: there is no such file\n  Write a first scenario with `infer-bench init`.\n',
    )
    expect(code).toBe(104)
  })

  test('a plan of more than 1,000 cases, which --yes allows', async () => {
    const numbers = Array.from({ length: 40 }, (_, index) => index + 1)
    const vary = `vary: { load.concurrency: [${numbers}], load.calls: [${numbers}] }\n`
    const folder = await folderWith({ 'scenario.yaml': `name: huge\n${target()}${vary}` })
    const refused = await cli(['run', 'scenario.yaml'], { cwd: folder })
    expect(refused.stderr).toContain('error: huge: the plan has 1,600 cases')
    expect(refused.stderr).toContain('say --yes')
    expect(refused.code).toBe(104)
    const allowed = await cli(['validate', 'scenario.yaml', '--yes'], { cwd: folder })
    expect(allowed).toMatchObject({ code: 0, stderr: '' })
  })

  test('of several scenarios, all are checked, to their last case, before the first one sends anything', async () => {
    const folder = await folderWith({
      'good.yaml': quickScenario({ mine: server.url }),
      'shape.yaml': `${target()}defaults: { rounds: none }\n`,
      'meaning.yaml': `${target()}cases: [ { target: mine }, { target: mine } ]\n`,
    })
    const files = ['good.yaml', 'shape.yaml', 'meaning.yaml']
    const { code, stdout, stderr } = await cli(['run', ...files], { cwd: folder })
    expect(stderr).toContain('shape.yaml:3:21: ')
    expect(stderr).toContain('meaning.yaml:3:')
    expect({ code, stdout }).toEqual({ code: 104, stdout: '' })
  })

  test('a result that is not there, and one that is none', async () => {
    const folder = await folderWith({ 'other.json': '{ "schema_version": "1.0" }' })
    for (const file of ['nowhere.json', 'other.json']) {
      const { code, stdout, stderr } = await cli(['report', file], { cwd: folder })
      expect(stderr).toContain(file)
      expect({ code, stdout }).toEqual({ code: 104, stdout: '' })
    }
  })
})

describe.concurrent('usage: 2, in one sentence', () => {
  test.each([
    ['an unknown command', ['frobnicate'], "unknown command 'frobnicate'"],
    ['an unknown flag', ['run', 'scenario.yaml', '--frobnicate'], "unknown option '--frobnicate'"],
    ['no scenario', ['run'], "missing required argument 'scenario'"],
    ['an unknown format', ['run', 'scenario.yaml', '--report', 'table,doc'], '"doc" is none of table'],
    ['no worker', ['run', 'scenario.yaml', '--workers', '0'], 'a number from 1 to 256'],
    [
      '--out for several scenarios',
      ['run', 'scenario.yaml', 'b.yaml', '--out', 'x.json'],
      '--out names one file',
    ],
    ['--only without a case', ['run', 'scenario.yaml', '--only', 'mien'], 'Did you mean `mine`?'],
    ['--set without a value', ['run', 'scenario.yaml', '--set', 'rounds'], '--set defaults.load.duration=1s'],
    ['--set into a value', ['run', 'scenario.yaml', '--set', 'name.first=x'], 'inside a value'],
  ])('%s', async (_what, args, says) => {
    const folder = await folderWith({ 'scenario.yaml': quickScenario({ mine: server.url }) })
    const { code, stdout, stderr } = await cli(args, { cwd: folder })
    expect(stderr).toContain(says)
    expect(stderr).toMatch(/^error: /)
    expect(stderr).not.toMatch(/ {4}at |internal error/)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test('--set with a value that the scenario could not have is 104, and named', async () => {
    const folder = await folderWith({ 'scenario.yaml': quickScenario({ mine: server.url }) })
    const { code, stderr } = await cli(['run', 'scenario.yaml', '--set', 'defaults.load.duration=soon'], {
      cwd: folder,
    })
    expect(stderr).toContain('--set defaults.load.duration=soon')
    expect(code).toBe(104)
  })
})

test('--help and --version answer 0 on stdout', async () => {
  const [help, version, ofRun] = await Promise.all([
    cli(['--help']),
    cli(['--version']),
    cli(['run', '--help']),
  ])
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toMatch(/^Usage: infer-bench/)
  expect(version).toMatchObject({ code: 0, stderr: '' })
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  expect(ofRun.stdout).toContain('114 unreachable')
})

test('none of all this has sent a request', () => {
  expect(calls).toBe(0)
})
