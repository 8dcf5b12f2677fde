import { DialectError, type HttpCodec } from '../../dialects/dialect.ts'
import { dialect } from '../../dialects/registry.ts'
import type { CallKind, Protocol } from '../driver.ts'
import { HTTP_OPTIONS, httpOptionText } from './options.ts'

/** What the protocols that are one HTTP request and its reply have in common. */
export function overHttp(
  name: string,
  kind: CallKind,
): Omit<Protocol<HttpCodec>, 'says' | 'stamps' | 'driver' | 'idleServer'> {
  const streaming = kind !== 'unary'
  const face = (api: string) => {
    const { http } = dialect(api)
    if (!http?.interfaces.includes(name)) throw new DialectError(`${api} is not spoken over ${name}`)
    return http
  }
  return {
    name,
    schemes: ['http', 'https'],
    reference: 'http',
    kinds: [kind],
    tokenPlaces: ['header', 'query'],
    options: HTTP_OPTIONS,
    optionText: httpOptionText,
    speaks: ({ http }) => http?.interfaces.includes(name) ?? false,
    kind: () => kind,
    path: ({ api, model }) => face(api).path(model, streaming),
    idleCodec: async (codec) => (await import('./idle-server.ts')).idleCodec(codec),
    codec: (options) => face(options.target.api).codec({ ...options, streaming }),
  }
}
