/** The examples of docs/ci.md, step by step as their CI systems run them, on a repository whose last commit is slower. */

import { execFile, spawn } from 'node:child_process'
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { needs } from '../requirements.ts'
import { BIN, temporaryFolder } from './cli.ts'

const EXAMPLES = new URL('../../docs/ci/', import.meta.url)
const GITLAB = fileURLToPath(import.meta.resolve('gitlab-ci-local'))
const run = promisify(execFile)

const example = (name: string) => readFile(new URL(name, EXAMPLES), 'utf8')

/** Each call computes for so long. */
const serverThatTakes = (ms: number) => `
const { createServer } = require('node:http')
createServer((request, response) => {
  const until = performance.now() + ${ms}
  while (performance.now() < until);
  response.end('{}')
}).listen(Number(process.argv[2]), '127.0.0.1')
`

/** What the examples call and is elsewhere in a CI system: \`npx\` gets the tool that is tested, \`gh\` says what it was asked. */
let tools: string
let origin: string
let base: string

beforeAll(async () => {
  tools = await temporaryFolder()
  const program = async (name: string, text: string) => {
    await writeFile(join(tools, name), `#!/bin/sh\n${text}\n`)
    await chmod(join(tools, name), 0o755)
  }
  await program('npx', `shift 2\nexec "${process.execPath}" "${BIN}" "$@"`)
  await program('gh', 'echo "gh $*" >> gh.txt')
  origin = await temporaryFolder()
  const git = async (...args: string[]) => (await run('git', args, { cwd: origin })).stdout.trim()
  await git('init', '-q')
  await git('config', 'user.email', 'test@example.com')
  await git('config', 'user.name', 'test')
  const about = { name: 'served', version: '1.0.0' }
  await writeFile(join(origin, 'package.json'), JSON.stringify(about))
  const lock = { ...about, lockfileVersion: 3, packages: { '': about } }
  await writeFile(join(origin, 'package-lock.json'), JSON.stringify(lock))
  await copyFile(new URL('performance.yaml', EXAMPLES), join(origin, 'performance.yaml'))
  await copyFile(new URL('gitlab.yml', EXAMPLES), join(origin, '.gitlab-ci.yml'))
  await writeFile(join(origin, 'server.js'), serverThatTakes(1))
  await git('add', '-A')
  await git('commit', '-qm', 'fast')
  base = await git('rev-parse', 'HEAD')
  await writeFile(join(origin, 'server.js'), serverThatTakes(4))
  await git('commit', '-qam', 'slow')
})

async function checkout(): Promise<string> {
  const folder = join(await temporaryFolder(), 'project')
  await run('git', ['clone', '-q', origin, folder])
  return folder
}

/** Its exit code, and all that it printed. */
function shell(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv) {
  const path = `${tools}:${process.env.PATH}`
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env, PATH: path } })
  let told = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (told += text))
  return new Promise<{ code: number | null; told: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, told })),
  )
}

interface Step {
  name?: string
  if?: string
  run?: string
  env?: Record<string, string>
}

test('GitHub: the workflow is one, and its steps fail, tell and keep what they should', async () => {
  const text = await example('github.yml')
  const { context } = parseWorkflow({ name: 'performance.yml', content: text }, new NoOperationTraceWriter())
  expect(context.errors.getErrors()).toEqual([])
  const cwd = await checkout()
  const known: Record<string, string> = {
    'github.event.pull_request.base.sha': base,
    'github.event.number': '7',
    'github.token': 'token',
  }
  const filled = text.replace(/\$\{\{ (.*?) \}\}/g, (_whole, name: string) => known[name]!)
  const { jobs } = parse(filled) as { jobs: { performance: { steps: Step[] } } }
  const codes: Record<string, number | null> = {}
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(cwd, 'summary.md') }
  let told = ''
  for (const step of jobs.performance.steps) {
    if (step.run === undefined) continue
    const hasFailed = Object.values(codes).some((code) => code !== 0)
    if (hasFailed && !step.if?.startsWith('always()')) continue
    const ended = await shell('bash', ['-e', '-o', 'pipefail', '-c', step.run], cwd, { ...env, ...step.env })
    codes[step.name!] = ended.code
    told += ended.told
  }
  expect(codes, told).toEqual({
    'Both versions, ready to start': 0,
    'Is it slower?': 111,
    'Tell the pull request': 0,
  })
  expect(told).toMatch(
    /^::error file=performance\.yaml,title=infer-bench::.*request_latency\.p50 beside the baseline/m,
  )
  expect(await readFile(join(cwd, 'summary.md'), 'utf8')).toContain('### ❌ failed: performance')
  expect(await readFile(join(cwd, 'comment.md'), 'utf8')).toContain('| **regressed** |')
  expect(await readFile(join(cwd, 'gh.txt'), 'utf8')).toBe(
    'gh pr comment 7 --edit-last --create-if-none --body-file comment.md\n',
  )
  for (const kept of ['result.json', 'junit.xml'])
    expect(await readFile(join(cwd, kept), 'utf8')).not.toBe('')
}, 120_000)

test('GitLab: its job is one, fails, and leaves the report that it names', async (context) => {
  needs(context, 'rsync', 'what runs the job copies with it')
  const cwd = await checkout()
  const home = join(tools, 'home')
  await mkdir(home, { recursive: true })
  const given = { CI_PIPELINE_SOURCE: 'merge_request_event', CI_MERGE_REQUEST_DIFF_BASE_SHA: base }
  const variables = Object.entries(given).flatMap(([name, value]) => ['--variable', `${name}=${value}`])
  const args = ['--force-shell-executor', '--no-shell-isolation', ...variables, 'performance']
  const { code, told } = await shell(process.execPath, [GITLAB, ...args], cwd, { HOME: home })
  expect(told).toContain('gate: regressed')
  expect(code, told).not.toBe(0)
  const junit = await readFile(join(cwd, 'junit.xml'), 'utf8')
  expect(junit).toContain('<failure message="regressed: ')
}, 120_000)
