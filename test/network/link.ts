import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'
import { needs } from '../requirements.ts'

const CLIENT = '10.77.40.2'
export const SERVER = '10.77.40.1'

export type End = 'client' | 'server'

/** A packet as one end of the link saw it; the other end has seen it, too. */
export interface Packet {
  atMs: number
  seenAt: End
  sentBy: End
  /** From the IPv4 header on. */
  bytes: Buffer
}

/** Two network namespaces, joined by a link of known round-trip time. */
export interface Link {
  /** What a command begins with to run at that end. It starts in the root directory. */
  at(end: End): readonly string[]
  /** What has passed since this was last asked. */
  capture(): Promise<Packet[]>
  stop(): Promise<void>
}

const ENDS: readonly End[] = ['client', 'server']
const PROGRAM = fileURLToPath(new URL('link.py', import.meta.url))

/** Skips the test, with the reason, where a link cannot be made. */
export async function startLink(context: TestContext, rttMs: number): Promise<Link> {
  const reason = 'links of known round-trip time are made in network namespaces'
  needs(context, '/dev/net/tun', reason)
  needs(context, 'python3', reason)
  needs(context, 'nsenter', reason)
  const child = spawn('python3', [PROGRAM, String(rttMs), CLIENT, SERVER], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const lines = createInterface(child.stdout)
  const first = await nextLine(lines)
  if (first === null) {
    if (process.env.INFER_BENCH_CI) throw new Error(`${reason}: ${complaint}`)
    context.skip(`${reason}, which cannot be made here: ${complaint.trim()}`)
  }
  const pids = JSON.parse(first!) as { client: number; server: number }
  return {
    at: (end) => ['nsenter', ...entry(), '-t', String(pids[end]), '--'],
    capture: async () => {
      const line = nextLine(lines)
      child.stdin.write('\n')
      const seen = JSON.parse((await line) ?? '[]') as [number, number, number, string][]
      return seen.map(([atMs, seenAt, sentBy, packet]) => ({
        atMs,
        seenAt: ENDS[seenAt]!,
        sentBy: ENDS[sentBy]!,
        bytes: Buffer.from(packet, 'base64'),
      }))
    },
    stop: () => ended(child),
  }
}

/** Who is not root comes in by the user namespace that owns the others. */
function entry(): string[] {
  const own = process.geteuid?.() === 0 ? [] : ['-U', '--preserve-credentials']
  return [...own, '-n', '-m']
}

/** Null where there is none any more. */
function nextLine(lines: Interface): Promise<string | null> {
  return new Promise((resolve) => {
    const onClose = () => resolve(null)
    lines.once('close', onClose)
    lines.once('line', (line) => {
      lines.off('close', onClose)
      resolve(line)
    })
  })
}

async function ended(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<void> {
  if (child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.stdin.end()
  await gone
}
