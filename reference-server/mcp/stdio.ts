import type { Readable, Writable } from 'node:stream'
import { tooLarge } from '../http/errors.ts'
import type { Service } from '../service.ts'
import { Conversation, type Wire } from './conversation.ts'
import { Dispatcher } from './dispatcher.ts'
import { defaultMcpOptions } from './options.ts'

/** Nothing is read while more than this waits to be written. */
const replyRoomBytes = 1024 * 1024
const lineFeed = 0x0a

/**
 * MCP over standard input and output: one client, a message a line. Resolves when the client has closed the input
 * and what it asked for before is answered, within the grace; or when it has left; or at the signal.
 */
export async function speakStdio(
  service: Service,
  input: Readable,
  output: Writable,
  stop: AbortSignal,
): Promise<void> {
  const wire = new LineWire(input, output)
  const conversation = new Conversation(new Dispatcher(service), defaultMcpOptions, wire)
  const lines = new Lines(service.limits.bodyBytes)
  input.on('data', (chunk: Buffer) => {
    lines.take(
      chunk,
      (line) => conversation.receive(line),
      () => conversation.refuse(null, tooLarge(service.limits.bodyBytes)),
    )
  })
  const left = new Promise<void>((resolve) => {
    stop.addEventListener('abort', () => resolve(), { once: true })
    if (stop.aborted) resolve()
    // The pipe breaks where the client has gone without a word.
    output.once('error', () => resolve())
    output.on('error', () => {})
  })
  const ended = new Promise<void>((resolve) => {
    input.once('end', resolve)
    input.once('error', () => resolve())
  })
  let timer: NodeJS.Timeout | undefined
  const finished = ended.then(async () => {
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, service.limits.stopGraceMs)
    })
    await Promise.race([conversation.idle(), late])
    const written = new Promise<void>((resolve) => output.write('', () => resolve()))
    await Promise.race([written, late])
  })
  await Promise.race([left, finished])
  clearTimeout(timer)
  conversation.end()
}

/** Cuts a stream into its lines. */
class Lines {
  readonly #mostBytes: number
  #parts: Buffer[] = []
  #byteCount = 0
  /** True while the rest of a line that is too long passes by. */
  #isTooLong = false

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  take(chunk: Buffer, onLine: (line: Buffer) => void, onTooLong: () => void): void {
    let from = 0
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, from)) {
      this.#add(chunk.subarray(from, end), onTooLong)
      from = end + 1
      if (!this.#isTooLong && this.#byteCount > 0) {
        onLine(this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts))
      }
      this.#parts = []
      this.#byteCount = 0
      this.#isTooLong = false
    }
    this.#add(chunk.subarray(from), onTooLong)
  }

  #add(part: Buffer, onTooLong: () => void): void {
    if (this.#isTooLong || part.length === 0) return
    this.#byteCount += part.length
    if (this.#byteCount <= this.#mostBytes) {
      this.#parts.push(part)
      return
    }
    this.#isTooLong = true
    this.#parts = []
    onTooLong()
  }
}

/** Messages as lines of a stream. */
class LineWire implements Wire {
  readonly #input: Readable
  readonly #output: Writable
  #isLoaded = false

  constructor(input: Readable, output: Writable) {
    this.#input = input
    this.#output = output
    output.on('drain', () => this.#pace())
  }

  get waitingBytes(): number {
    return this.#output.writableLength
  }

  get isLoaded(): boolean {
    return this.#isLoaded
  }

  set isLoaded(isLoaded: boolean) {
    if (isLoaded === this.#isLoaded) return
    this.#isLoaded = isLoaded
    this.#pace()
  }

  send(message: string): void {
    if (this.#output.destroyed) return
    this.#output.write(`${message}\n`)
    if (this.waitingBytes > replyRoomBytes) this.#pace()
  }

  #pace(): void {
    if (this.#isLoaded || this.waitingBytes > replyRoomBytes) this.#input.pause()
    else if (this.#input.isPaused()) this.#input.resume()
  }
}
