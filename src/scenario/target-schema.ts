// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.
/** The keys of a target: one endpoint, and how it is spoken to. */

import { z } from 'zod'
import { DIALECTS } from '../dialects/registry.ts'
import { PROTOCOLS } from '../drivers/registry.ts'
import type { Target, TlsVersion } from '../plan/plan.ts'
import { choices, flag, integer, oneOf, text } from '../values/leaf.ts'
import { authSchema } from './auth-schema.ts'
import { optionKeys } from './target-options.ts'

export const INTERFACES = described(PROTOCOLS)
export const APIS = described(DIALECTS)

function described(rows: readonly { name: string; says: string }[]): Readonly<Record<string, string>> {
  return Object.fromEntries(rows.map(({ name, says }) => [name, says]))
}

const CONNECTIONS: Readonly<Record<Target['connection'], string>> = {
  reused: 'connections stay open for the round',
  cold: 'a new connection for each call, so that each call pays for its handshake',
  resumed: 'as `cold`, with the TLS session resumed from a ticket that is had before the load',
}

const TLS_VERSIONS: Readonly<Record<TlsVersion, string>> = { '1.2': 'TLS 1.2', '1.3': 'TLS 1.3' }

const tls = z.strictObject({
  ca: text('path of a PEM file', ['certs/ca.pem'])
    .optional()
    .describe('PEM file with the certificates to trust instead of the well-known ones.'),
  cert: text('path of a PEM file')
    .optional()
    .describe('PEM file with the client’s certificate (mutual TLS).'),
  key: text('path of a PEM file').optional().describe('PEM file with the client’s private key (mutual TLS).'),
  servername: text('host name')
    .optional()
    .describe('Name to ask for (SNI) and to verify, instead of the URL’s host.'),
  min_version: oneOf('TLS version', TLS_VERSIONS)
    .optional()
    .describe('The oldest version to accept. Default: `1.2`.'),
  max_version: oneOf('TLS version', TLS_VERSIONS)
    .optional()
    .describe('The newest version to offer: `1.2` measures it beside `1.3`. Default: `1.3`.'),
  verify: flag()
    .optional()
    .describe('`false` accepts any certificate; the tables then say so. Default: `true`.'),
})

const FAMILIES = { '4': 'IPv4', '6': 'IPv6' } as const

/** The most that Linux can be told to give. */
const MOST_PID = 4_194_304

/** What a case may vary of its target. */
export const targetVariables = {
  model: text('model name', ['mlp']).describe('Name of the model, as the server knows it.'),
  connection: oneOf('kind of connection', CONNECTIONS).describe(
    `How long connections live. ${choices(CONNECTIONS)}. Default: \`reused\`.`,
  ),
  ...optionKeys,
}

export const targetSchema = z.strictObject({
  interface: oneOf('interface', INTERFACES).describe(`The protocol. ${choices(INTERFACES)}.`),
  api: oneOf('API', APIS).describe(`The message convention spoken over it. ${choices(APIS)}.`),
  url: text('URL', ['https://example.com', '${reference.http}', '${env:URL:-http://127.0.0.1:8000}'])
    .optional()
    .describe(
      'Where it is. A URL without a path gets the path that the API prescribes; one with a path is used as it stands. Required, but for a `command` (MCP).',
    ),
  model: targetVariables.model.optional(),
  headers: z
    .record(z.string(), text('header value'))
    .optional()
    .describe(
      'Headers to send with each call, besides those of the API. Credentials come from `${env:NAME}`.',
    ),
  auth: authSchema
    .optional()
    .describe(
      'How calls prove who sends them: one of these. Values come from `${env:NAME}`, so no result holds them.',
    ),
  tls: tls
    .optional()
    .describe(
      'TLS of a URL that begins with `https`, `grpcs` or the like. Paths are relative to the scenario.',
    ),
  connection: targetVariables.connection.optional(),
  family: oneOf('address family', FAMILIES)
    .optional()
    .describe(
      'Which addresses of its name are used: `4` or `6`. Default: all, in the order in which the system tells them.',
    ),
  pid: integer('process id', 1, MOST_PID)
    .optional()
    .describe(
      'Process of the server, where it runs on this machine (Linux): its CPU time and its memory, with those of the processes that it has started, are read from `/proc`, for `throughput_per_core`, `server_memory_growth` and `server_memory_per_session`. E.g. `"${env:SERVER_PID}"`. The bundled server tells them by itself.',
    ),
  ...optionKeys,
})

/** With the keys that only its protocol knows checked and gathered. */
export type TargetSpec = z.output<typeof targetSchema> & { options: Readonly<Record<string, unknown>> }
