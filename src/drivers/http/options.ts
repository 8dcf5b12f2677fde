import { choices, oneOf } from '../../values/leaf.ts'
import { TRACEPARENT, TRACEPARENT_OPTION } from '../trace.ts'

/** What only the interfaces over HTTP know. */
export interface HttpOptions {
  /** `2` is negotiated by ALPN over TLS, and prior knowledge in clear text. */
  http: '1.1' | '2'
  /** Content-Encoding of request bodies. */
  compression: 'none' | 'gzip' | 'deflate' | 'br' | 'zstd'
  /** Left out: POST, and GET for a call without a body. */
  method?: string
}

export const HTTP_VERSIONS: Readonly<Record<HttpOptions['http'], string>> = {
  '1.1': 'one call at a time on a connection',
  '2': 'many calls on a connection: agreed on over TLS, presumed in clear text',
}

const COMPRESSIONS: Readonly<Record<HttpOptions['compression'], string>> = {
  none: 'not compressed',
  gzip: 'gzip',
  deflate: 'deflate',
  br: 'Brotli',
  zstd: 'Zstandard',
}

const METHODS = { GET: 'GET', POST: 'POST', PUT: 'PUT', PATCH: 'PATCH', DELETE: 'DELETE' } as const

export const HTTP_OPTIONS = {
  method: oneOf('HTTP method', METHODS)
    .optional()
    .describe('HTTP method. Default: `POST`; `GET` for a raw call without a payload.'),
  http: oneOf('HTTP version', HTTP_VERSIONS)
    .default('1.1')
    .describe(`HTTP version. ${choices(HTTP_VERSIONS)}. Default: \`1.1\`.`),
  compression: oneOf('compression', COMPRESSIONS)
    .default('none')
    .describe('Compression of request bodies (Content-Encoding). Default: `none`.'),
  [TRACEPARENT]: TRACEPARENT_OPTION,
}

export function httpOptionText(key: string, value: unknown): string {
  if (key === 'http') return `HTTP/${value}`
  return key === 'compression' && value === 'none' ? 'uncompressed' : String(value)
}
