import { invalid } from './errors.ts'

/** Parts that a form may have, and bytes that the headers of one may. */
const mostParts = 64
const mostHeaderBytes = 8 * 1024

const blankLine = Buffer.from('\r\n\r\n')
const none = Buffer.alloc(0)

export interface Part {
  name: string
  /** Fills its ArrayBuffer, so that it can move to a model worker. */
  data: Buffer
}

/** The boundary of a `multipart/form-data` body; null for another content type. @throws HttpError 400 */
export function boundaryOf(contentType: string | undefined): string | null {
  if (contentType === undefined || !/^multipart\/form-data\b/i.test(contentType)) return null
  const match = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(contentType)
  if (match) return match[1] ?? match[2]!
  throw invalid('multipart/form-data needs a boundary of 1 to 70 characters')
}

/**
 * Reads a form (RFC 7578) as it arrives: what is read of a part is kept, and of the rest no more than a boundary's
 * length. How large the whole may be is the business of whoever feeds it.
 */
export class MultipartReader {
  readonly #delimiter: Buffer
  readonly #parts: Part[] = []
  /** What a boundary may still begin in. A body begins like a line, so that its first boundary looks like all others. */
  #rest: Buffer = Buffer.from('\r\n')
  #reads: 'preamble' | 'boundary' | 'headers' | 'data' | 'epilogue' = 'preamble'
  #name = ''
  #pieces: Buffer[] = []

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  /** Takes the next piece of the body. @throws HttpError 400 */
  feed(piece: Buffer): void {
    if (this.#reads === 'epilogue') return
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    while (this.#step());
  }

  /** The parts, once the body has ended. @throws HttpError 400 where it ended early. */
  end(): Part[] {
    if (this.#reads === 'epilogue') return this.#parts
    throw invalid('the form ends before its last boundary')
  }

  /** False: it takes more bytes to go on. */
  #step(): boolean {
    switch (this.#reads) {
      case 'preamble':
      case 'data':
        return this.#untilDelimiter()
      case 'boundary':
        return this.#afterDelimiter()
      case 'headers':
        return this.#headers()
      case 'epilogue':
        return false
    }
  }

  #untilDelimiter(): boolean {
    const at = this.#rest.indexOf(this.#delimiter)
    const isFound = at >= 0
    const endsAt = isFound ? at : Math.max(0, this.#rest.length - this.#delimiter.length + 1)
    if (this.#reads === 'data' && endsAt > 0) this.#pieces.push(this.#rest.subarray(0, endsAt))
    this.#rest = this.#rest.subarray(isFound ? at + this.#delimiter.length : endsAt)
    if (!isFound) return false
    if (this.#reads === 'data') {
      this.#parts.push({ name: this.#name, data: whole(this.#pieces) })
      this.#pieces = []
    }
    this.#reads = 'boundary'
    return true
  }

  /** Two hyphens end the form, a line break begins a part. */
  #afterDelimiter(): boolean {
    if (this.#rest.length < 2) return false
    const mark = this.#rest.toString('latin1', 0, 2)
    if (mark === '--') {
      this.#reads = 'epilogue'
      this.#rest = none
      return false
    }
    if (mark !== '\r\n') throw invalid('a boundary of the form is followed by neither a part nor its end')
    if (this.#parts.length === mostParts) throw invalid(`the form has more than ${mostParts} parts`)
    // The line break stays: a part without headers has a blank line right here.
    this.#reads = 'headers'
    return true
  }

  #headers(): boolean {
    const at = this.#rest.indexOf(blankLine)
    if (at < 0 ? this.#rest.length > mostHeaderBytes : at > mostHeaderBytes) {
      throw invalid(`the headers of a part are over ${mostHeaderBytes} bytes`)
    }
    if (at < 0) return false
    this.#name = nameOf(this.#rest.toString('utf8', 0, at))
    if (this.#parts.some(({ name }) => name === this.#name)) {
      throw invalid(`the form has two parts named ${JSON.stringify(this.#name)}`)
    }
    this.#rest = this.#rest.subarray(at + blankLine.length)
    this.#reads = 'data'
    return true
  }
}

function nameOf(headers: string): string {
  const encoding = /^content-transfer-encoding:\s*(\S+)/im.exec(headers)?.[1]
  if (encoding !== undefined && !/^(binary|8bit|7bit)$/i.test(encoding)) {
    throw invalid(`the transfer encoding ${encoding} of a part is not supported`)
  }
  const disposition = /^content-disposition:\s*form-data\b(.*)$/im.exec(headers)?.[1] ?? ''
  const match = /;\s*name=(?:"([^"]*)"|([^\s;"]+))/i.exec(disposition)
  const name = match?.[1] ?? match?.[2]
  if (name) return name
  throw invalid('a part of the form has no name')
}

/** `Buffer.concat` would take a small one out of the pool that all share. */
function whole(pieces: readonly Buffer[]): Buffer {
  const byteCount = pieces.reduce((sum, { length }) => sum + length, 0)
  const data = Buffer.from(new ArrayBuffer(byteCount))
  let offset = 0
  for (const piece of pieces) offset += piece.copy(data, offset)
  return data
}
