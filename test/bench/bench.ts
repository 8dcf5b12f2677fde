/**
 * `npm run bench`: what the tool itself can do, side by side with its peers in the same run, and writes
 * docs/performance.md. Each client has one core, its server another; the clients take turns, so that a noisy machine
 * is noisy for all of them. Needs Linux with taskset, nginx and wrk.
 */

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os, { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Result } from '../../src/result/document.ts'
import { type ServerProcess, startProcess } from '../servers/start.ts'
import { LIBRARIES, type Library, perCpuSecond } from './libraries.ts'
import { startNginx } from './nginx.ts'
import type { BenchPorts } from './servers.ts'

const execute = promisify(execFile)
const SERVER_CORE = 0
const CLIENT_CORE = 1
const CONNECTIONS = 32
const SECONDS = 5
const TURNS = 5
/** Of a library's turn; CPU time is counted, so that it need not be long. */
const LIBRARY_SECONDS = 3
const RATE = 1000
const REPORT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))
const BIN = fileURLToPath(new URL('../../src/bin.ts', import.meta.url))
const BARE = fileURLToPath(new URL('bare.ts', import.meta.url))
const AUTOCANNON = fileURLToPath(new URL('../../node_modules/autocannon/autocannon.js', import.meta.url))

const folder = await mkdtemp(join(tmpdir(), 'infer-bench-bench-'))
const nginx = await startNginx(SERVER_CORE)
const nginxTarget = `{ interface: rest, api: raw, url: "${nginx.url}", method: GET }`
const servers = await startProcess<BenchPorts>('../bench/servers.ts').catch(async (error: unknown) => {
  await nginx.stop()
  throw error
})
try {
  await execute('taskset', ['-cp', String(SERVER_CORE), String(servers.pid)])
  const throughput: Record<string, number[]> = { wrk: [], autocannon: [], 'infer-bench': [] }
  const delays: { p50: number; p99: number }[] = []
  const perCore = LIBRARIES.map((library) => ({ library, bare: [] as number[], own: [] as number[] }))
  for (let turn = 0; turn < TURNS; turn++) {
    throughput.wrk!.push(await wrk())
    throughput.autocannon!.push(await autocannon())
    throughput['infer-bench']!.push(await inferBench())
    delays.push(await dispatchDelay())
    for (const { library, bare, own } of perCore) {
      bare.push(await bareLibrary(library, servers))
      own.push(await withLibrary(library, servers))
    }
    process.stderr.write(`turn ${turn + 1} of ${TURNS} done\n`)
  }
  const report = page(throughput, delays, perCore)
  await writeFile(REPORT, report)
  process.stdout.write(report)
} finally {
  await servers.stop()
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
    nginxTarget,
    `{ model: closed, concurrency: ${CONNECTIONS}, duration: ${SECONDS}s, warmup: 1s }`,
  )
  return result.cases[0]!.summary.request_throughput!
}

async function dispatchDelay(): Promise<{ p50: number; p99: number }> {
  const result = await run(
    nginxTarget,
    `{ model: constant, rate: ${RATE}/s, duration: ${SECONDS}s, warmup: 1s }`,
  )
  const { p50, p99 } = result.cases[0]!.metrics.dispatch_delay!
  return { p50: p50 * 1000, p99: p99 * 1000 }
}

/** What the bare library does in a second of its CPU time. */
async function bareLibrary(
  { name, port, concurrency }: Library,
  { ready }: ServerProcess<BenchPorts>,
): Promise<number> {
  const args = [BARE, name, String(ready[port]), String(concurrency), String(LIBRARY_SECONDS)]
  const { stdout } = await onClientCore(process.execPath, args)
  return Number(stdout)
}

/** What the tool does with it. */
async function withLibrary(library: Library, { ready }: ServerProcess<BenchPorts>): Promise<number> {
  const { concurrency, payload } = library
  const target = JSON.stringify({ api: 'raw', ...library.target(ready[library.port]) })
  const load = `{ model: closed, concurrency: ${concurrency}, duration: ${LIBRARY_SECONDS}s, warmup: 500ms }`
  const result = await run(target, load, JSON.stringify(payload))
  return perCpuSecond(library, result.cases[0]!)
}

async function run(target: string, load: string, payload = '{}'): Promise<Result> {
  const scenario = join(folder, 'bench.yaml')
  const out = join(folder, 'result.json')
  await writeFile(
    scenario,
    `name: bench
targets:
  mine: ${target}
cases:
  - { target: mine, load: ${load}, payload: ${payload}, rounds: 1 }
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

interface PerCore {
  library: Library
  bare: number[]
  own: number[]
}

function spreadOf(values: readonly number[]): string {
  return `${Math.round(Math.min(...values))}-${Math.round(Math.max(...values))}`
}

function perCoreRow({ library, bare, own }: PerCore): string {
  // Of turns that ran one after the other, so that a slow minute is slow for both.
  const shares = bare.map((value, turn) => 1 - own[turn]! / value)
  const cells = [
    library.counts,
    library.library,
    `${Math.round(median(bare))} (${spreadOf(bare)})`,
    `${Math.round(median(own))} (${spreadOf(own)})`,
    `${Math.round(median(shares) * 100)}%`,
  ]
  return `| ${cells.join(' | ')} |`
}

function page(
  throughput: Record<string, number[]>,
  delays: { p50: number; p99: number }[],
  perCore: readonly PerCore[],
): string {
  const own = median(throughput['infer-bench']!)
  const rows = Object.entries(throughput).map(([name, values]) => {
    const middle = median(values)
    return `| ${name} | ${Math.round(middle)} | ${spreadOf(values)} | ${(own / middle).toFixed(2)} |`
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

## Interfaces: beside the bare library

The load thread of infer-bench, every stamp taken and every metric recorded, and a program that does the same calls with
the library alone, against the same server on a core of its own. Counted per second of the client thread's CPU time, in
turns of ${LIBRARY_SECONDS} s. The share is what the tool adds: 1 - infer-bench / library, the median over the turns.

| what | library | library alone, per CPU second | infer-bench, per CPU second | the tool's share |
| --- | --- | --- | --- | --- |
${perCore.map(perCoreRow).join('\n')}

## Open loop: how late the generator is

\`dispatch_delay\` at ${RATE}/s constant, against the same nginx: from the moment a call was due until the load thread
turned to it.

| p50 | p99 |
| --- | --- |
| ${microseconds(delays.map(({ p50 }) => p50))} | ${microseconds(delays.map(({ p99 }) => p99))} |
`
}
