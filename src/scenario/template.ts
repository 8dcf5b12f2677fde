/**
 * `${env:NAME}`, `${env:NAME:-default}` and `${reference.http}`: what stands in a scenario for a value that is
 * known only later, or only to the machine that runs it.
 */

export type Environment = Readonly<Record<string, string | undefined>>

/** What the bundled server tells of itself once it runs. */
export interface ReferenceAddress {
  /** Base URLs, without a path. */
  httpUrl: string
  /** Null: it does not listen for TLS. */
  httpsUrl: string | null
  /** Null: it does not speak gRPC. */
  grpcUrl: string | null
  grpcsUrl: string | null
  /** Absolute path of the PEM file that its certificate can be verified with. */
  caFile: string | null
  /** Those of a client’s certificate and its key. Null: it asks for none. */
  clientCertFile: string | null
  clientKeyFile: string | null
}

const REFERENCES: Readonly<Record<string, (address: ReferenceAddress) => string | null>> = {
  http: ({ httpUrl }) => httpUrl,
  https: ({ httpsUrl }) => httpsUrl,
  grpc: ({ grpcUrl }) => grpcUrl,
  grpcs: ({ grpcsUrl }) => grpcsUrl,
  // WebSocket is spoken on the ports of HTTP.
  ws: ({ httpUrl }) => httpUrl.replace(/^http/, 'ws'),
  wss: ({ httpsUrl }) => httpsUrl?.replace(/^http/, 'ws') ?? null,
  // So is MCP, at a path of its own.
  mcp: ({ httpUrl }) => `${httpUrl}/mcp`,
  mcps: ({ httpsUrl }) => httpsUrl && `${httpsUrl}/mcp`,
  ca: ({ caFile }) => caFile,
  client_cert: ({ clientCertFile }) => clientCertFile,
  client_key: ({ clientKeyFile }) => clientKeyFile,
}

export const REFERENCE_NAMES = Object.keys(REFERENCES)

/** How a variable begins, up to its default where it has one. */
const ENV = /\$\{env:([A-Za-z_]\w*)(\}|:-)/g
const REFERENCE = /\$\{reference\.(\w+)\}/g

export interface Variable {
  /** The whole template. */
  text: string
  name: string
  default: string | undefined
}

export function variablesOf(text: string): Variable[] {
  return placesOf(text).map(({ variable }) => variable)
}

interface VariablePlace {
  start: number
  end: number
  variable: Variable
}

/** In one pass, however many there are and wherever they end: a text may have a million of them. */
function placesOf(text: string): VariablePlace[] {
  const places: VariablePlace[] = []
  const opening = new RegExp(ENV)
  for (let found = opening.exec(text); found; found = opening.exec(text)) {
    const [head, name, mark] = found
    const from = found.index + head.length
    const end = mark === '}' ? from : endOfDefault(text, from)
    // Nothing but references is closed after it, so no later variable is, either.
    if (end < 0) break
    const fallback = mark === '}' ? undefined : text.slice(from, end - 1)
    const variable = { text: text.slice(found.index, end), name: name!, default: fallback }
    places.push({ start: found.index, end, variable })
    opening.lastIndex = end
  }
  return places
}

/** Behind the brace that closes it; -1 where none does. It may name the reference server: `${env:URL:-${reference.http}}`. */
function endOfDefault(text: string, from: number): number {
  const inner = new RegExp(/\$\{reference\.\w+\}|\}/g)
  inner.lastIndex = from
  for (let found = inner.exec(text); found; found = inner.exec(text)) {
    if (found[0] === '}') return inner.lastIndex
  }
  return -1
}

function replaced(text: string, put: (variable: Variable) => string): string {
  let made = ''
  let from = 0
  for (const { start, end, variable } of placesOf(text)) {
    made += text.slice(from, start) + put(variable)
    from = end
  }
  return made + text.slice(from)
}

/** What a variable is here; an empty value counts as none, as it does in a shell's `:-`. */
export function variableValue({ name, default: fallback }: Variable, env: Environment): string | undefined {
  return env[name] || fallback
}

/** Replaces each variable; `missing` says what to do about one that has no value. */
export function fillVariables(
  text: string,
  env: Environment,
  missing: (variable: Variable) => string,
): string {
  return replaced(text, (variable) => variableValue(variable, env) ?? missing(variable))
}

export function fillReference(text: string, reference: ReferenceAddress): string {
  return text.replace(REFERENCE, (whole, name: string) => {
    const find = Object.hasOwn(REFERENCES, name) ? REFERENCES[name] : undefined
    return find?.(reference) ?? whole
  })
}

export function referencesOf(text: string): string[] {
  return Array.from(text.matchAll(REFERENCE), ([, name]) => name!)
}

/** What is left of the text when every well-formed template is taken out: any `${` in it is a mistake. */
export function withoutTemplates(text: string): string {
  return replaced(text, () => '').replace(REFERENCE, '')
}
