// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.
/** `auth` of a target: how calls prove who sends them. */

import { z } from 'zod'
import type { TokenPlace } from '../plan/plan.ts'
import { choices, oneOf, text } from '../values/leaf.ts'

const PLACES: Readonly<Record<TokenPlace, string>> = {
  header: '`Authorization: Bearer …`, in gRPC the metadata',
  query: 'a parameter of the URL',
  subprotocol: 'a subprotocol that a WebSocket handshake offers',
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
  cookie: text('cookie', ['session=${env:SESSION}'])
    .optional()
    .describe('Sent as `Cookie: …`, e.g. `session=${env:SESSION}`.'),
})

export type AuthSpec = z.output<typeof authSchema>
