/** A run over all interfaces at a moderate rate, and what its processes hold meanwhile. */

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Result } from '../../src/result/document.ts'
import { descendants, isAlive } from '../e2e/processes.ts'

const BIN = fileURLToPath(new URL('../../src/bin.ts', import.meta.url))
const SAMPLE_MS = 500
/** Of each case's turn, warm-up and the way from one case to the next included. */
const TURN_SECONDS = 1.3

/** What one process held at one moment. */
export interface Held {
  atMs: number
  residentBytes: number
  descriptors: number
}

export interface Soak {
  code: number | null
  stderr: string
  result: Result
  tool: Held[]
  /** The bundled server. */
  server: Held[]
  /** Processes of the run that outlived it. */
  left: number[]
}

/** Every interface, with calls, with streams, and with connections that come and go. */
const scenarioOf = (rounds: number) => `
name: soak
server: reference
targets:
  rest: { interface: rest, api: kserve-v2, url: "\${reference.http}", model: mlp }
  grpc: { interface: grpc, api: kserve-v2, url: "\${reference.grpc}", model: mlp }
  websocket: { interface: websocket, api: kserve-v2, url: "\${reference.ws}", model: mlp }
  mcp: { interface: mcp, api: kserve-v2, url: "\${reference.mcp}", model: mlp }
  rest-cold: { interface: rest, api: kserve-v2, url: "\${reference.http}", model: mlp, connection: cold }
  websocket-cold: { interface: websocket, api: kserve-v2, url: "\${reference.ws}", model: mlp, connection: cold }
  mcp-cold: { interface: mcp, api: kserve-v2, url: "\${reference.mcp}", model: mlp, connection: cold }
  sse: { interface: sse, api: openai-chat, url: "\${reference.http}", model: echo }
  grpc-stream: { interface: grpc, api: kserve-v2, url: "\${reference.grpc}", method: ModelStreamInfer, model: echo }
defaults: { rounds: ${rounds}, floor: off }
cases:
  - target: [rest, grpc, websocket, mcp, rest-cold, websocket-cold, mcp-cold]
    payload: { size: 1KiB }
    load: { model: constant, rate: 100/s, duration: 1s, warmup: 100ms }
  - target: [sse, grpc-stream]
    payload: { prompt_tokens: 32, output_tokens: 32, ignore_eos: true }
    load: { model: constant, rate: 20/s, duration: 1s, warmup: 100ms }
`
const CASES = 9

/** Takes about so long, in seconds, and ends by itself. */
export async function soak(seconds: number): Promise<Soak> {
  const folder = await mkdtemp(join(tmpdir(), 'infer-bench-soak-'))
  try {
    const rounds = Math.max(3, Math.round(seconds / TURN_SECONDS / CASES))
    await writeFile(join(folder, 'soak.yaml'), scenarioOf(rounds))
    const args = [BIN, 'run', 'soak.yaml', '--out', 'result.json', '--quiet']
    const tool = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    // However this process ends, its run does not go on for half an hour without it.
    const endTool = () => tool.kill()
    process.once('exit', endTool)
    let stderr = ''
    tool.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const ended = new Promise<number | null>((resolve) => tool.once('close', resolve))
    const held: { tool: Held[]; server: Held[] } = { tool: [], server: [] }
    const seen = new Set<number>()
    const timer = setInterval(() => {
      const [server, ...others] = descendants(tool.pid!)
      for (const pid of [server, ...others]) if (pid !== undefined) seen.add(pid)
      held.tool.push(...heldBy(tool.pid!))
      if (server !== undefined) held.server.push(...heldBy(server))
    }, SAMPLE_MS)
    const code = await ended
    clearInterval(timer)
    process.off('exit', endTool)
    const result = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8')) as Result
    return { code, stderr, result, ...held, left: [...seen].filter(isAlive) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Nothing where the process has just ended. */
function heldBy(pid: number): Held[] {
  try {
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    const descriptors = readdirSync(`/proc/${pid}/fd`).length
    return resident ? [{ atMs: Date.now(), residentBytes: Number(resident[1]) * 1024, descriptors }] : []
  } catch {
    return []
  }
}

/** The median of what a process held between two shares of its life. */
export function median(held: readonly Held[], key: keyof Held, from: number, to: number): number {
  const part = held.slice(Math.floor(held.length * from), Math.ceil(held.length * to)).map((one) => one[key])
  return part.sort((a, b) => a - b)[Math.floor(part.length / 2)] ?? Number.NaN
}
