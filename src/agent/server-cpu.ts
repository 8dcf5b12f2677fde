/**
 * What a server uses, from the Prometheus metrics that it shows. The reference server tells its front end's CPU time from
 * its models'; of any other server the whole process counts.
 */

import { Buffer } from 'node:buffer'

const CPU_SECONDS = ['infer_frontend_cpu_seconds_total', 'process_cpu_seconds_total'] as const
const RESIDENT_BYTES = ['process_resident_memory_bytes'] as const
const TIMEOUT_MS = 1000
const MOST_BYTES = 4 * 1024 * 1024
/** In characters. */
const LONGEST_LINE = 10_000

/** Null where there is no such page, or no such metric on it. */
export async function readCpuSeconds(metricsUrl: string): Promise<number | null> {
  const page = await pageAt(metricsUrl)
  return page === null ? null : cpuSeconds(page)
}

/** Null where there is no such page, or no such metric on it. */
export async function readResidentBytes(metricsUrl: string): Promise<number | null> {
  const page = await pageAt(metricsUrl)
  return page === null ? null : sampleOf(page, RESIDENT_BYTES)
}

async function pageAt(metricsUrl: string): Promise<string | null> {
  try {
    const reply = await fetch(metricsUrl, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!reply.ok || !reply.body || !isText(reply)) {
      await reply.body?.cancel()
      return null
    }
    return await textOf(reply.body)
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

/** Labels in braces, whose values may have any character in quotes; on one line. */
const SAMPLE = /^(?:\{(?:[^}"\n]|"(?:[^"\\\n]|\\.)*")*\})? ([0-9.eE+-]+)/

/** Reads the text format of Prometheus. Null where it tells no CPU time. */
export function cpuSeconds(page: string): number | null {
  return sampleOf(page, CPU_SECONDS)
}

/** Of the first of the metrics that is there. */
function sampleOf(page: string, names: readonly string[]): number | null {
  for (const name of names) {
    // Line by line: a pattern over all of the page would look for each closing brace to its end.
    for (const line of page.split('\n')) {
      if (!line.startsWith(name) || line.length > LONGEST_LINE) continue
      const seconds = Number(SAMPLE.exec(line.slice(name.length))?.[1] ?? Number.NaN)
      if (Number.isFinite(seconds) && seconds >= 0) return seconds
    }
  }
  return null
}

function isText(reply: Response): boolean {
  return (reply.headers.get('content-type') ?? '').startsWith('text/plain')
}
