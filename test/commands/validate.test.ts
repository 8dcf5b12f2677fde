import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { cli, temporaryFolder } from '../e2e/cli.ts'

const GOOD = `targets: { rest: { interface: rest, api: kserve-v2, url: "http://x", model: mlp } }
cases: [{ target: rest, load: { duration: 1s, warmup: 0s }, rounds: 2 }]
vary: { payload.size: [256B, 1KiB] }
`
let cwd: string

beforeAll(async () => {
  cwd = await temporaryFolder()
  await mkdir(join(cwd, 'more'))
  await writeFile(join(cwd, 'good.yaml'), GOOD)
  await writeFile(join(cwd, 'more/bad.yaml'), `${GOOD}sede: 1\n`)
})

test('says what a scenario would do, on stdout', async () => {
  const { code, stdout, stderr } = await cli(['validate', 'good.yaml'], { cwd })
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: `good.yaml: good, 2 cases, 4 rounds, about 4 s
  rest 256B (2 rounds)
  rest 1KiB (2 rounds)
`,
    stderr: '',
  })
})

test('tells the faults of one file on stderr, and still what the others would do', async () => {
  const { code, stdout, stderr } = await cli(['validate', 'more/bad.yaml', 'none.yaml', 'good.yaml'], { cwd })
  expect(code).toBe(104)
  expect(stdout).toMatch(/^good\.yaml: good, 2 cases/)
  expect(stderr).toBe(`error: more/bad.yaml:4:1: unknown key \`sede\`
    sede: 1
    ^^^^
  Did you mean \`seed\`?

none.yaml: there is no such file
  Write a first scenario with \`infer-bench init\`.
`)
})

test('--json prints the plan itself', async () => {
  const { code, stdout } = await cli(['validate', 'good.yaml', '--json', '--set', 'cases.0.rounds=5'], {
    cwd,
  })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject([
    { file: 'good.yaml', estimate_ms: 10_000, plan: { name: 'good', cases: [{ rounds: 5 }, { rounds: 5 }] } },
  ])
})

test('a plan of more than 1,000 cases needs a yes', async () => {
  const list = `[${Array.from({ length: 40 }, (_, index) => index + 1)}]`
  const set = ['--set', `vary.load.concurrency=${list}`, '--set', `vary.load.connections=${list}`]
  const asked = await cli(['validate', 'good.yaml', ...set], { cwd })
  expect(asked.code).toBe(104)
  expect(asked.stderr).toContain('the plan has 3,200 cases, and would take about 2 hours')
  const agreed = await cli(['validate', 'good.yaml', '--yes', ...set], { cwd })
  expect(agreed.code).toBe(0)
  expect(agreed.stdout).toContain('… and 3,170 more')
})

test.each([
  [['validate']],
  [['validate', 'good.yaml', '--set', 'rounds']],
  [['validate', 'good.yaml', '--sett', 'a=1']],
])('%j is wrong use', async (args) => {
  expect((await cli(args, { cwd })).code).toBe(2)
})
