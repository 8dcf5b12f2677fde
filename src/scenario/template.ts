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

// A default may name the reference server: `${env:URL:-${reference.http}}`.
const ENV = /\$\{env:([A-Za-z_]\w*)(?::-((?:\$\{reference\.\w+\}|[^}])*))?\}/g
const REFERENCE = /\$\{reference\.(\w+)\}/g

export interface Variable {
  /** The whole template. */
  text: string
  name: string
  default: string | undefined
}

export function variablesOf(text: string): Variable[] {
  return Array.from(text.matchAll(ENV), ([whole, name, fallback]) => ({
    text: whole,
    name: name!,
    default: fallback,
  }))
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
  return text.replace(ENV, (whole, name: string, fallback: string | undefined) => {
    const variable = { text: whole, name, default: fallback }
    return variableValue(variable, env) ?? missing(variable)
  })
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
  return text.replace(ENV, '').replace(REFERENCE, '')
}
