import type { Service } from './service.ts'

/** The server's counters in the Prometheus text format, version 0.0.4. */
export function metricsText(service: Service): string {
  const { user, system } = process.cpuUsage()
  const processSeconds = (user + system) / 1e6
  const modelSeconds = service.runtime.modelCpuSeconds()
  const lines: string[] = []
  const metric = (name: string, type: 'counter' | 'gauge', help: string, value: number) => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name} ${value}`)
  }
  metric(
    'process_cpu_seconds_total',
    'counter',
    'User and system CPU time of the whole process, models included.',
    processSeconds,
  )
  metric(
    'infer_model_cpu_seconds_total',
    'counter',
    'The part of the process CPU time that its model workers took.',
    modelSeconds,
  )
  metric(
    'infer_frontend_cpu_seconds_total',
    'counter',
    'The rest: what the interfaces themselves cost.',
    // The two readings are not of one instant, so their difference may dip below zero at the start.
    Math.max(0, processSeconds - modelSeconds),
  )
  metric(
    'process_resident_memory_bytes',
    'gauge',
    'Resident memory of the process.',
    process.memoryUsage.rss(),
  )
  metric(
    'process_start_time_seconds',
    'gauge',
    'Start of the process, in seconds since the Unix epoch.',
    performance.timeOrigin / 1000,
  )
  metric(
    'infer_active_streams',
    'gauge',
    'Generations that run now, streamed or not, over all interfaces.',
    service.activeStreams,
  )
  metric(
    'infer_generated_tokens_total',
    'counter',
    'Tokens generated so far, over all interfaces.',
    service.generatedTokens,
  )
  metric(
    'infer_active_sessions',
    'gauge',
    'Sessions of WebSocket and MCP, and streams of events, that stand now, with those that wait for their client to come back.',
    service.activeSessions,
  )
  lines.push(
    '# HELP infer_requests_total Finished requests; status 499 (gRPC: CANCELLED) is a client that left before the end.',
    '# TYPE infer_requests_total counter',
  )
  for (const [interfaceName, byStatus] of service.requests) {
    for (const [status, count] of byStatus) {
      lines.push(`infer_requests_total{interface="${interfaceName}",status="${status}"} ${count}`)
    }
  }
  return `${lines.join('\n')}\n`
}
