/**
 * Where metrics are sent, and with what: from `--otlp` and from the variables that OpenTelemetry's programs have in common.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */

import { longestFirst } from '../scenario/environment.ts'
import { UsageError } from '../scenario/problem.ts'
import { printable } from '../values/printable.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface OtlpDestination {
  url: URL
  /** The URL as it may be printed: a query may hold a key. */
  shown: string
  headers: Readonly<Record<string, string>>
  /** What of the headers and of the URL no message may tell, the longest first. */
  secrets: readonly string[]
  /** Attributes of the resource, as the environment has them. */
  resource: Readonly<Record<string, string>>
  /** For one attempt. */
  timeoutMs: number
}

const METRICS_PATH = 'v1/metrics'
const DEFAULT_TIMEOUT_MS = 10_000
const LONGEST_TIMEOUT_MS = 600_000
const SHORTEST_SECRET = 4
/** RFC 9110: a token, and what a field's value may be made of. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

export const OTLP_HELP =
  'send the metrics to a receiver of OpenTelemetry (OTLP over HTTP), e.g. http://127.0.0.1:4318; without a URL: to the one that OTEL_EXPORTER_OTLP_ENDPOINT names'

/**
 * Null where nobody asked: the variables alone send nothing, because they may stand there for other programs. `flag` is
 * true where the option has no URL. Throws `UsageError`.
 */
export function otlpDestination(flag: string | true | undefined, env: Environment): OtlpDestination | null {
  if (flag === undefined) return null
  const url = flag === true ? endpointOf(env) : urlOf(flag, '--otlp')
  if (flag !== true && url.pathname === '/') url.pathname = `/${METRICS_PATH}`
  const headers = listOf(env, ...named('HEADERS'))
  for (const [index, [name, value]] of Object.entries(headers).entries()) {
    if (HEADER_NAME.test(name) && HEADER_VALUE.test(value)) continue
    // Where it was written in another way than this, what looks like its name may hold the secret.
    throw new UsageError(`OTEL_EXPORTER_OTLP_HEADERS: item ${index + 1} is no header that could be sent`)
  }
  const secrets = [...Object.values(headers).flatMap((value) => [value, ...value.split(/\s+/)])]
  secrets.push(...url.searchParams.values(), url.search)
  return {
    url,
    shown: `${url.origin}${url.pathname}`,
    headers,
    secrets: longestFirst(secrets.filter((secret) => secret.length >= SHORTEST_SECRET)),
    resource: resourceOf(env),
    timeoutMs: timeoutOf(env),
  }
}

/** Both are used by OpenTelemetry's programs; the one that is for metrics alone goes before. */
function named(what: string): [string, string] {
  return [`OTEL_EXPORTER_OTLP_METRICS_${what}`, `OTEL_EXPORTER_OTLP_${what}`]
}

/** The endpoint for metrics stands as it is to be used; to the one for everything, the path belongs. */
function endpointOf(env: Environment): URL {
  const [ofMetrics, ofAll] = named('ENDPOINT')
  const protocol = first(env, ...named('PROTOCOL'))?.value
  if (protocol === 'grpc') {
    throw new UsageError(
      'the endpoint of the environment is for gRPC (OTEL_EXPORTER_OTLP_PROTOCOL), and metrics are sent over HTTP: name its URL for HTTP, e.g. --otlp http://127.0.0.1:4318',
    )
  }
  if (env[ofMetrics]) return urlOf(env[ofMetrics], ofMetrics)
  const base = env[ofAll]
  if (!base) {
    throw new UsageError(
      `--otlp names no URL, and ${ofAll} is not set: say e.g. --otlp http://127.0.0.1:4318`,
    )
  }
  const url = urlOf(base, ofAll)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${METRICS_PATH}`
  return url
}

function urlOf(text: string, source: string): URL {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    // It may be a secret that was set in the wrong place; what stands on the command line was seen already.
    const shown = source === '--otlp' ? `"${text}"` : 'its value'
    throw new UsageError(
      `${source}: ${shown} is no URL of http or https: write one like --otlp=http://127.0.0.1:4318`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(
      `${source}: a URL is no place for credentials: set OTEL_EXPORTER_OTLP_HEADERS, e.g. authorization=Basic%20…`,
    )
  }
  url.hash = ''
  return url
}

/** What the user says goes before what the result tells, so that it can stand under a service of theirs. */
function resourceOf(env: Environment): Record<string, string> {
  const service = env.OTEL_SERVICE_NAME
  return { ...listOf(env, 'OTEL_RESOURCE_ATTRIBUTES'), ...(service && { 'service.name': service }) }
}

function timeoutOf(env: Environment): number {
  const found = first(env, ...named('TIMEOUT'))
  if (!found) return DEFAULT_TIMEOUT_MS
  const timeoutMs = Number(found.value)
  if (Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs <= LONGEST_TIMEOUT_MS) return timeoutMs
  throw new UsageError(
    `${found.name}: "${printable(found.value)}" is no number of milliseconds from 1 to ${LONGEST_TIMEOUT_MS}`,
  )
}

/** `name=value,name=value`, percent-encoded, as in W3C Baggage. No message has a value in it. */
function listOf(env: Environment, ...names: string[]): Record<string, string> {
  const found = first(env, ...names)
  const items = (found?.value ?? '').split(',').filter((item) => item.trim() !== '')
  return Object.fromEntries(
    items.map((item, index) => {
      const equals = item.indexOf('=')
      const name = decoded(item.slice(0, Math.max(0, equals)))
      const value = decoded(item.slice(equals + 1))
      if (name && value !== null) return [name, value]
      throw new UsageError(
        `${found!.name}: item ${index + 1} is not name=value, percent-encoded: a comma is written as %2C`,
      )
    }),
  )
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    return null
  }
}

/** The first of the variables that is set; an empty one is as good as none. */
function first(env: Environment, ...names: string[]): { name: string; value: string } | null {
  for (const name of names) {
    const value = env[name]
    if (value) return { name, value }
  }
  return null
}
