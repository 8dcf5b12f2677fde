/**
 * CPU time of a server, from the Prometheus metrics that it shows. The reference server tells its front end's
 * from its models'; of any other server the whole process counts.
 */

const METRICS = ['infer_frontend_cpu_seconds_total', 'process_cpu_seconds_total'] as const
const TIMEOUT_MS = 1000
const MOST_BYTES = 4 * 1024 * 1024

/** Null where there is no such page, or no such metric on it. */
export async function readCpuSeconds(metricsUrl: string): Promise<number | null> {
  try {
    const reply = await fetch(metricsUrl, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const announced = Number(reply.headers.get('content-length') ?? 0)
    if (!reply.ok || announced > MOST_BYTES || !isText(reply)) {
      await reply.body?.cancel()
      return null
    }
    return cpuSeconds(await reply.text())
  } catch {
    return null
  }
}

/** Reads the text format of Prometheus. */
function cpuSeconds(page: string): number | null {
  for (const name of METRICS) {
    const match = new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.eE+-]+)`, 'm').exec(page)
    const seconds = Number(match?.[1] ?? Number.NaN)
    if (Number.isFinite(seconds)) return seconds
  }
  return null
}

function isText(reply: Response): boolean {
  return (reply.headers.get('content-type') ?? '').startsWith('text/plain')
}
