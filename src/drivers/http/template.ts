import zlib from 'node:zlib'
import type { HttpCodec } from '../../dialects/dialect.ts'
import type { Credentials, DriverOptions } from '../driver.ts'
import { TRACEPARENT, type TraceIds } from '../trace.ts'
import type { HttpOptions } from './options.ts'

/** Everything about a request that is the same for every call, until a token is renewed. */
export interface RequestTemplate {
  credentials: Credentials
  /**
   * The path and the headers as they are with the credentials of this moment. Where traces are told, the last header is
   * that of one.
   */
  address(): { path: string; headers: string[] }
  method: string
  encode(): Uint8Array | string | null
  payloadBytes: number
  trace: TraceIds | null
}

export function requestTemplate(
  { target: { options }, credentials, codec, trace }: DriverOptions<HttpCodec>,
  accept: string,
): RequestTemplate {
  const { compression, method } = options as unknown as HttpOptions
  const headers: Record<string, string> = { accept, 'user-agent': 'infer-bench', ...codec.headers }
  if (compression !== 'none') headers['content-encoding'] = compression
  const { encode } = codec
  return {
    credentials,
    address() {
      const { pathname, search } = new URL(credentials.url)
      return {
        path: pathname + search,
        headers: [
          ...Object.entries({ ...headers, ...credentials.headers }).flat(),
          ...(trace ? [TRACEPARENT, trace.header(trace.next())] : []),
        ],
      }
    },
    method: method ?? (encode ? 'POST' : 'GET'),
    payloadBytes: codec.payloadBytes,
    trace,
    encode: encode ? compressing(encode, compressor(compression)) : () => null,
  }
}

type Compressor = (body: Uint8Array | string) => Uint8Array

function compressing(
  encode: () => Uint8Array | string,
  compress: Compressor | null,
): () => Uint8Array | string {
  return compress ? () => compress(encode()) : encode
}

function compressor(encoding: HttpOptions['compression']): Compressor | null {
  if (encoding === 'gzip') return (body) => zlib.gzipSync(body)
  if (encoding === 'deflate') return (body) => zlib.deflateSync(body)
  if (encoding === 'br') {
    // Quality 11, the library's default, is for files that are compressed once; 4 is what servers use.
    const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 }
    return (body) => zlib.brotliCompressSync(body, { params })
  }
  if (encoding === 'zstd') return (body) => zlib.zstdCompressSync(body)
  return null
}
