/**
 * `npm run bench`: what the tool itself can do, side by side with its peers in the same run, and writes
 * docs/performance.md. Each client has one core, nginx another; the clients take turns, so that a noisy machine
 * is noisy for all of them. Needs Linux with taskset, nginx and wrk.
 */

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os, { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Result } from '../../src/result/document.ts'
import { startNginx } from './nginx.ts'

const execute = promisify(execFile)
const SERVER_CORE = 0
const CLIENT_CORE = 1
const CONNECTIONS = 32
const SECONDS = 5
const TURNS = 5
const RATE = 1000
const REPORT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))
const BIN = fileURLToPath(new URL('../../src/bin.ts', import.meta.url))
const AUTOCANNON = fileURLToPath(new URL('../../node_modules/autocannon/autocannon.js', import.meta.url))

const folder = await mkdtemp(join(tmpdir(), 'infer-bench-bench-'))
const nginx = await startNginx(SERVER_CORE)
try {
  const throughput: Record<string, number[]> = { wrk: [], autocannon: [], 'infer-bench': [] }
  const delays: { p50: number; p99: number }[] = []
  for (let turn = 0; turn < TURNS; turn++) {
    throughput.wrk!.push(await wrk())
    throughput.autocannon!.push(await autocannon())
    throughput['infer-bench']!.push(await inferBench())
    delays.push(await dispatchDelay())
    process.stderr.write(`turn ${turn + 1} of ${TURNS} done\n`)
  }
  const report = page(throughput, delays)
  await writeFile(REPORT, report)
  process.stdout.write(report)
} finally {
  await nginx.stop()
  await rm(folder, { recursive: true, force: true })
}

function onClientCore(command: string, args: string[]): Promise<{ stdout: string }> {
  return execute('taskset', ['-c', String(CLIENT_CORE), command, ...args], { maxBuffer: 1 << 26 })
}

async function wrk(): Promise<number> {
  const { stdout } = await onClientCore('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, nginx.url])
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
}

async function autocannon(): Promise<number> {
  const { stdout } = await onClientCore(process.execPath, [
    AUTOCANNON,
    '-j',
    '-c',
    String(CONNECTIONS),
    '-d',
    String(SECONDS),
    nginx.url,
  ])
  const { requests, duration } = JSON.parse(stdout) as { requests: { total: number }; duration: number }
  return requests.total / duration
}

async function inferBench(): Promise<number> {
  const result = await run(
    `{ model: closed, concurrency: ${CONNECTIONS}, duration: ${SECONDS}s, warmup: 1s }`,
  )
  return result.cases[0]!.summary.request_throughput!
}

async function dispatchDelay(): Promise<{ p50: number; p99: number }> {
  const result = await run(`{ model: constant, rate: ${RATE}/s, duration: ${SECONDS}s, warmup: 1s }`)
  const { p50, p99 } = result.cases[0]!.metrics.dispatch_delay!
  return { p50: p50 * 1000, p99: p99 * 1000 }
}

async function run(load: string): Promise<Result> {
  const scenario = join(folder, 'bench.yaml')
  const out = join(folder, 'result.json')
  await writeFile(
    scenario,
    `name: bench
targets:
  nginx: { interface: rest, api: raw, url: "${nginx.url}", method: GET }
cases:
  - { target: nginx, load: ${load}, rounds: 1 }
`,
  )
  await onClientCore(process.execPath, [BIN, 'run', scenario, '--out', out, '--quiet']).catch(
    (error: { code?: number; stderr?: string }) => {
      // 113: on a machine this noisy the generator may miss its schedule. The figure is told all the same.
      if (error.code !== 113) throw error
    },
  )
  return JSON.parse(await readFile(out, 'utf8')) as Result
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

function page(throughput: Record<string, number[]>, delays: { p50: number; p99: number }[]): string {
  const own = median(throughput['infer-bench']!)
  const rows = Object.entries(throughput).map(([name, values]) => {
    const middle = median(values)
    const spread = `${Math.round(Math.min(...values))}-${Math.round(Math.max(...values))}`
    return `| ${name} | ${Math.round(middle)} | ${spread} | ${(own / middle).toFixed(2)} |`
  })
  const microseconds = (values: number[]) =>
    `${median(values).toFixed(1)} us (${Math.min(...values).toFixed(1)}-${Math.max(...values).toFixed(1)})`
  return `# Performance of the tool itself

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${os.cpus()[0]?.model.trim()}, ${os.cpus().length} cores,
${os.type()} ${os.release()}, Node ${process.versions.node}. Medians of ${TURNS} turns of ${SECONDS} s each, the clients taking turns; in brackets
or as a spread, the lowest and the highest turn.

## Closed loop: requests per second

GET of five bytes over ${CONNECTIONS} keep-alive connections from nginx (one worker on a core of its own); each client has one
core, which infer-bench’s load thread shares with its main thread. infer-bench’s figure is with every stamp
taken and every metric recorded.

| client | requests/s | spread | infer-bench over it |
| --- | --- | --- | --- |
${rows.join('\n')}

## Open loop: how late the generator is

\`dispatch_delay\` at ${RATE}/s constant, against the same nginx: from the moment a call was due until the load thread
turned to it.

| p50 | p99 |
| --- | --- |
| ${microseconds(delays.map(({ p50 }) => p50))} | ${microseconds(delays.map(({ p99 }) => p99))} |
`
}
