// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.
/** The keys of a target: one endpoint, and how it is spoken to. */

import { z } from 'zod'
import type { Api, InterfaceName, Target } from '../plan/plan.ts'
import { flag, oneOf, text } from './leaf.ts'

export const INTERFACES: Readonly<Record<InterfaceName, string>> = {
  rest: 'one HTTP request, one reply',
  sse: 'one HTTP request, a stream of server-sent events',
}

export const APIS: Readonly<Record<Api, string>> = {
  'kserve-v2': 'Open Inference Protocol: tensors, as JSON or binary',
  'openai-chat': 'OpenAI chat completions',
  'openai-completions': 'OpenAI text completions',
  raw: 'no convention: what the payload holds goes out as it is',
}

const HTTP_VERSIONS: Readonly<Record<Target['http'], string>> = {
  '1.1': 'one call at a time on a connection',
  '2': 'many calls on a connection: agreed on over TLS, presumed in clear text',
}

const COMPRESSIONS: Readonly<Record<Target['compression'], string>> = {
  none: 'not compressed',
  gzip: 'gzip',
  deflate: 'deflate',
  br: 'Brotli',
  zstd: 'Zstandard',
}

const CONNECTIONS: Readonly<Record<Target['connection'], string>> = {
  reused: 'connections stay open for the round',
  cold: 'a new connection for each call, so that each call pays for its handshake',
}

const METHODS = { GET: 'GET', POST: 'POST', PUT: 'PUT', PATCH: 'PATCH', DELETE: 'DELETE' } as const

function choices(described: Readonly<Record<string, string>>): string {
  return Object.entries(described)
    .map(([name, says]) => `\`${name}\`: ${says}`)
    .join('; ')
}

const credential = (noun: string) => text(noun, [`\${env:${noun.toUpperCase().replaceAll(' ', '_')}}`])

const auth = z.strictObject({
  bearer: credential('api token').optional().describe('Sent as `Authorization: Bearer …`.'),
  api_key: z
    .strictObject({
      header: text('header name', ['x-api-key']).describe('The header that carries the key.'),
      value: credential('api key').describe('The key.'),
    })
    .optional()
    .describe('A key in a header of its own.'),
  basic: z
    .strictObject({
      user: text('user name').describe('The user.'),
      password: credential('password').describe('The password.'),
    })
    .optional()
    .describe('Sent as `Authorization: Basic …`.'),
})

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
  verify: flag()
    .optional()
    .describe('`false` accepts any certificate; the tables then say so. Default: `true`.'),
})

/** What a case may vary of its target. */
export const targetVariables = {
  model: text('model name', ['mlp']).describe('Name of the model, as the server knows it.'),
  http: oneOf('HTTP version', HTTP_VERSIONS).describe(
    `HTTP version. ${choices(HTTP_VERSIONS)}. Default: \`1.1\`.`,
  ),
  compression: oneOf('compression', COMPRESSIONS).describe(
    'Compression of request bodies (Content-Encoding). Default: `none`.',
  ),
  connection: oneOf('kind of connection', CONNECTIONS).describe(
    `How long connections live. ${choices(CONNECTIONS)}. Default: \`reused\`.`,
  ),
}

export const targetSchema = z.strictObject({
  interface: oneOf('interface', INTERFACES).describe(`The protocol. ${choices(INTERFACES)}.`),
  api: oneOf('API', APIS).describe(`The message convention spoken over it. ${choices(APIS)}.`),
  url: text('URL', [
    'https://example.com',
    '${reference.http}',
    '${env:URL:-http://127.0.0.1:8000}',
  ]).describe(
    'Where it is. A URL without a path gets the path that the API prescribes; one with a path is used as it stands.',
  ),
  model: targetVariables.model.optional(),
  method: oneOf('HTTP method', METHODS)
    .optional()
    .describe('HTTP method. Default: `POST`; `GET` for a raw call without a payload.'),
  headers: z
    .record(z.string(), text('header value'))
    .optional()
    .describe(
      'Headers to send with each call, besides those of the API. Credentials come from `${env:NAME}`.',
    ),
  auth: auth
    .optional()
    .describe(
      'How calls prove who sends them: one of these. Values come from `${env:NAME}`, so no result holds them.',
    ),
  tls: tls.optional().describe('TLS of an `https` URL. Paths are relative to the scenario.'),
  http: targetVariables.http.optional(),
  compression: targetVariables.compression.optional(),
  connection: targetVariables.connection.optional(),
})

export type TargetSpec = z.output<typeof targetSchema>
