// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { makePlan } from '../../src/plan/make-plan.ts'
import { loadScenario } from '../../src/scenario/load.ts'
import { cli, temporaryFolder } from '../e2e/cli.ts'

let cwd: string

beforeEach(async () => {
  cwd = await temporaryFolder()
})

test.each([
  {
    args: [],
    found: {
      server: 'reference',
      cases: [{ target: { interface: 'rest', api: 'kserve-v2', model: 'mlp' } }, {}],
    },
  },
  {
    args: ['--interface', 'sse'],
    found: {
      server: 'reference',
      cases: [{ target: { interface: 'sse', api: 'openai-chat', model: 'gpt-tiny' } }, {}],
    },
  },
  {
    args: ['--url', 'https://mine.example'],
    found: {
      server: null,
      cases: [{ target: { url: 'https://mine.example/v2/models/my-model/infer' } }, {}],
    },
  },
  {
    args: ['--url', 'https://mine.example/a?b=c', '--api', 'raw'],
    found: { server: null, cases: [{ target: { url: 'https://mine.example/a?b=c' } }, {}] },
  },
  {
    args: [
      '--url',
      '${env:MINE}',
      '--interface',
      'sse',
      '--api',
      'openai-completions',
      '--model',
      'a: "b" # c',
    ],
    found: {
      server: null,
      cases: [{ target: { url: '${env:MINE}/v1/completions', model: 'a: "b" # c' } }, {}],
    },
  },
])('init $args writes a scenario that can be run', async ({ args, found }) => {
  const ended = await cli(['init', ...args], { cwd })
  expect(ended).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'wrote scenario.yaml; next: infer-bench run scenario.yaml\n',
  })
  const scenario = await loadScenario(join(cwd, 'scenario.yaml'), { env: { MINE: 'http://127.0.0.1:1' } })
  expect(makePlan(scenario, { reference: null })).toMatchObject(found)
})

test('the file names the schema for editors, and then opens with the question it answers', async () => {
  await cli(['init', 'deep/er/mine.yaml'], { cwd })
  const [first, second] = (await readFile(join(cwd, 'deep/er/mine.yaml'), 'utf8')).split('\n')
  expect(first).toBe('# yaml-language-server: $schema=./node_modules/infer-bench/dist/scenario.schema.json')
  expect(second).toMatch(/^# [A-Z].*\?$/)
})

test('a file that is there stays as it is, unless --force', async () => {
  const file = join(cwd, 'mine.yaml')
  await writeFile(file, 'mine\n')
  const refused = await cli(['init', 'mine.yaml'], { cwd })
  expect(refused).toMatchObject({
    code: 2,
    stderr: 'error: mine.yaml is there already: choose another name, or say --force\n',
  })
  expect(await readFile(file, 'utf8')).toBe('mine\n')
  expect((await cli(['init', 'mine.yaml', '--force'], { cwd })).code).toBe(0)
  expect(await readFile(file, 'utf8')).toContain('server: reference')
})

test.each([
  { args: ['--url', 'mine'], says: '--url mine: this is not a URL' },
  { args: ['--interface', 'soap'], says: 'Allowed choices are rest, sse' },
  { args: ['.'], says: '. is there already' },
  { args: ['.', '--force'], says: '. is a folder' },
])('init $args is wrong use', async ({ args, says }) => {
  const { code, stderr } = await cli(['init', ...args], { cwd })
  expect(stderr).toContain(says)
  expect(code).toBe(2)
})
