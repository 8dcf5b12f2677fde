import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { Limits } from '../limits.ts'
import { HttpError, invalid, tooLarge } from './errors.ts'
import { MultipartReader, type Part } from './multipart.ts'

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

const inflate = promisify(zlib.inflate) as Decoder
const inflateRaw = promisify(zlib.inflateRaw) as Decoder
const decoders: Record<string, Decoder> = {
  gzip: promisify(zlib.gunzip) as Decoder,
  'x-gzip': promisify(zlib.gunzip) as Decoder,
  // Half the world sends raw deflate under this name; a zlib header is told by its first two bytes.
  deflate: (body, options) => (hasZlibHeader(body) ? inflate : inflateRaw)(body, options),
  br: promisify(zlib.brotliDecompress) as Decoder,
}

/**
 * Reads a request's whole body and undoes its content encoding; the same limit holds before and after.
 * @throws HttpError 413 over the limit, 415 for an unknown encoding, 408 for one that takes too long,
 * 400 for one that ends early or does not decode.
 */
export async function collectBody(request: IncomingMessage, limits: Limits): Promise<Buffer> {
  const encoding = request.headers['content-encoding']
  const decoder = encoding === undefined || encoding === 'identity' ? null : findDecoder(encoding)
  const wire = await readWhole(request, limits)
  if (!decoder) return wire
  try {
    return await decoder(wire, { maxOutputLength: limits.bodyBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limits.bodyBytes)
    throw invalid(`the body is not valid ${encoding}: ${(error as Error).message}`)
  }
}

/**
 * Reads a body that is a form, piece by piece as it arrives; a compressed one, once it is whole.
 * @throws HttpError as `collectBody` does, and 400 for what is no form.
 */
export async function collectForm(
  request: IncomingMessage,
  limits: Limits,
  boundary: string,
): Promise<Part[]> {
  const reader = new MultipartReader(boundary)
  if (request.headers['content-encoding'] === undefined) {
    await read(request, limits, (piece) => reader.feed(piece))
  } else {
    reader.feed(await collectBody(request, limits))
  }
  return reader.end()
}

function findDecoder(encoding: string): Decoder {
  const decoder = Object.hasOwn(decoders, encoding.toLowerCase()) && decoders[encoding.toLowerCase()]
  if (decoder) return decoder
  throw new HttpError(415, 'unsupported_encoding', `content encoding ${encoding} is not supported`, {
    'accept-encoding': 'gzip, deflate, br',
  })
}

function hasZlibHeader(body: Buffer): boolean {
  return body.length >= 2 && (body[0]! & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0
}

async function readWhole(request: IncomingMessage, limits: Limits): Promise<Buffer> {
  let first: Buffer | null = null
  let rest: Buffer[] | null = null
  await read(request, limits, (piece) => {
    if (!first) first = piece
    else if (!rest) rest = [first, piece]
    else rest.push(piece)
  })
  return rest ? Buffer.concat(rest) : (first ?? Buffer.alloc(0))
}

/** Hands a body out piece by piece, within the limits. What `take` throws ends it. */
function read(request: IncomingMessage, limits: Limits, take: (piece: Buffer) => void): Promise<void> {
  const declared = request.headers['content-length']
  if (declared !== undefined && Number(declared) > limits.bodyBytes) throw tooLarge(limits.bodyBytes)
  return new Promise((resolve, reject) => {
    let byteCount = 0
    let ended = false
    // node:http has a timer of its own for this; node:http2 has none.
    const timer = request.httpVersionMajor === 2 ? setTimeout(onTimeout, limits.requestTimeoutMs) : undefined

    function onData(piece: Buffer): void {
      byteCount += piece.length
      if (byteCount > limits.bodyBytes) {
        stop(tooLarge(limits.bodyBytes))
        return
      }
      try {
        take(piece)
      } catch (error) {
        stop(error as HttpError)
      }
    }
    function onEnd(): void {
      ended = true
      clearTimeout(timer)
      resolve()
    }
    function onTimeout(): void {
      stop(new HttpError(408, 'request_timeout', 'the body did not arrive in time'))
    }
    function onClose(): void {
      if (!ended) stop(invalid('the body ended early'))
    }
    function stop(error: HttpError): void {
      clearTimeout(timer)
      request.off('data', onData)
      request.off('end', onEnd)
      request.off('close', onClose)
      reject(error)
    }
    request.on('data', onData)
    request.on('end', onEnd)
    request.on('close', onClose)
  })
}
