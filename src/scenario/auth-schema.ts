// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.
/** `auth` of a target: how calls prove who sends them. */

import { z } from 'zod'
import type { OAuth2, TokenPlace } from '../plan/plan.ts'
import { choices, oneOf, text } from '../values/leaf.ts'

const PLACES: Readonly<Record<TokenPlace, string>> = {
  header: '`Authorization: Bearer …`, in gRPC the metadata',
  query: 'a parameter of the URL',
  subprotocol: 'a subprotocol that a WebSocket handshake offers',
}

const CLIENT_AUTHS: Readonly<Record<OAuth2['clientAuth'], string>> = {
  basic: 'HTTP Basic',
  body: 'in the form',
}

const credential = (noun: string) => text(noun, [`\${env:${noun.toUpperCase().replaceAll(' ', '_')}}`])

export const authSchema = z.strictObject({
  bearer: credential('api token').optional().describe('A token, sent as `in` says.'),
  in: oneOf('place for a token', PLACES)
    .optional()
    .describe(`What carries the token. ${choices(PLACES)}. Default: \`header\`.`),
  as: text('name', ['access_token'])
    .optional()
    .describe(
      'Name of the parameter in the query (default: `access_token`), or what the token follows in the header (default: `Bearer `) or in the subprotocol (default: `bearer.`).',
    ),
  api_key: z
    .strictObject({
      header: text('header name', ['x-api-key']).describe('The header that carries the key.'),
      value: credential('api key').describe('The key.'),
    })
    .optional()
    .describe('A key in a header of its own.'),
  basic: z
    .strictObject({
      username: text('user name').describe('The user.'),
      password: credential('password').describe('The password.'),
    })
    .optional()
    .describe('Sent as `Authorization: Basic …`.'),
  oauth2: z
    .strictObject({
      token_url: text('URL', ['https://login.example.com/oauth2/token']).describe('The token endpoint.'),
      client_id: text('client id').describe('The client.'),
      client_secret: credential('client secret').describe('The client’s secret.'),
      scope: text('scope').optional().describe('Scopes to ask for, with spaces between them.'),
      audience: text('audience')
        .optional()
        .describe('Whom the token is for, where the endpoint asks for it.'),
      client_auth: oneOf('way to send the client’s secret', CLIENT_AUTHS)
        .optional()
        .describe(`How the client proves itself. ${choices(CLIENT_AUTHS)}. Default: \`basic\`.`),
    })
    .optional()
    .describe(
      'A token by OAuth 2.0’s client credentials: had before the load, renewed while it runs, never within a measured call. `timeout.connect` bounds the wait for it; `tls.ca` is trusted for its endpoint, too.',
    ),
  cookie: text('cookie', ['session=${env:SESSION}'])
    .optional()
    .describe('Sent as `Cookie: …`, e.g. `session=${env:SESSION}`.'),
})

export type AuthSpec = z.output<typeof authSchema>
