/** What a server tells of itself on its page for Prometheus. */

import { Buffer } from 'node:buffer'
import type { ServerUsage } from './server-usage.ts'

/** The reference server tells its front end's CPU time from its models'; of any other one the whole process counts. */
const CPU_SECONDS = ['infer_frontend_cpu_seconds_total', 'process_cpu_seconds_total'] as const
const RESIDENT_BYTES = ['process_resident_memory_bytes'] as const
const TIMEOUT_MS = 1000
const MOST_BYTES = 4 * 1024 * 1024
/** In characters. */
const LONGEST_LINE = 10_000

/** Null where there is no such page. */
export async function usageToldAt(metricsUrl: string): Promise<ServerUsage | null> {
  try {
    const reply = await fetch(metricsUrl, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!reply.ok || !reply.body || !isText(reply)) {
      await reply.body?.cancel()
      return null
    }
    const page = await textOf(reply.body)
    return page === null ? null : usageIn(page)
  } catch {
    return null
  }
}

/** Null where it is longer than any such page: a server may send without an end, or what unpacks to gigabytes. */
async function textOf(body: ReadableStream<Uint8Array>): Promise<string | null> {
  const pieces: Uint8Array[] = []
  let byteCount = 0
  // Leaving the loop cancels what is still to come.
  for await (const piece of body) {
    byteCount += piece.length
    if (byteCount > MOST_BYTES) return null
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Reads the text format of Prometheus. */
export function usageIn(page: string): ServerUsage {
  return { cpuSeconds: sampleOf(page, CPU_SECONDS), residentBytes: sampleOf(page, RESIDENT_BYTES) }
}

/** Labels in braces, whose values may have any character in quotes; on one line. */
const SAMPLE = /^(?:\{(?:[^}"\n]|"(?:[^"\\\n]|\\.)*")*\})? ([0-9.eE+-]+)/

/** Of the first of the metrics that is there. */
function sampleOf(page: string, names: readonly string[]): number | null {
  for (const name of names) {
    // Line by line: a pattern over all of the page would look for each closing brace to its end.
    for (const line of page.split('\n')) {
      if (!line.startsWith(name) || line.length > LONGEST_LINE) continue
      const value = Number(SAMPLE.exec(line.slice(name.length))?.[1] ?? Number.NaN)
      if (Number.isFinite(value) && value >= 0) return value
    }
  }
  return null
}

function isText(reply: Response): boolean {
  return (reply.headers.get('content-type') ?? '').startsWith('text/plain')
}
