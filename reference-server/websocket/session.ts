import { randomBytes } from 'node:crypto'
import { HttpError, invalid, toHttpError } from '../http/errors.ts'
import { Sequences } from '../sequences.ts'
import type { Service } from '../service.ts'
import { type Connection, closeCodes } from './connection.ts'
import { Generation } from './generation.ts'
import {
  type ClientMessage,
  errorMessage,
  helloMessage,
  idOf,
  type Resume,
  readGenerate,
  readInfer,
  readMessage,
  readResume,
  resultMessage,
} from './messages.ts'
import type { WebSocketOptions } from './options.ts'
import { Transcript } from './transcript.ts'

/** A call in flight. */
interface Call {
  cancel(): void
}

/** What a session needs of those around it. */
export interface SessionKeeper {
  readonly service: Service
  readonly options: WebSocketOptions
  /** Moves a connection to the session that it names. @throws HttpError 404 when there is none. */
  resume(sessionId: string, connection: Connection): Session
  ended(session: Session): void
}

/** A client's calls, over one connection after another. */
export class Session {
  /** Whoever knows it can take the session over, so it cannot be guessed. */
  readonly id = randomBytes(16).toString('base64url')
  readonly #keeper: SessionKeeper
  readonly #calls = new Map<string, Call>()
  readonly #transcript: Transcript
  readonly #sequences: Sequences
  #connection: Connection | null = null
  #window: NodeJS.Timeout | undefined
  #hasEnded = false
  /** Bytes of the inference requests in flight. */
  #loadBytes = 0

  constructor(keeper: SessionKeeper) {
    this.#keeper = keeper
    this.#sequences = new Sequences(keeper.service.runtime)
    this.#transcript = new Transcript(keeper.service.limits.streamBufferBytes, keeper.options.resumeWindowMs)
  }

  get connection(): Connection | null {
    return this.#connection
  }

  /** Whether ending it would lose nothing: its client is away and no generation runs. */
  get isExpendable(): boolean {
    return this.#connection === null && this.#calls.size === 0
  }

  /** Speaks over this connection from now on, and no more over the one before. */
  attach(connection: Connection, isNew: boolean): void {
    clearTimeout(this.#window)
    const former = this.#connection
    this.#connection = connection
    former?.close(closeCodes.takenOver, 'the session goes on over another connection')
    for (const generation of this.#transcript.all) generation.isFlowing = isNew
    const { resumeWindowMs } = this.#keeper.options
    connection.send(helloMessage(this.id, resumeWindowMs, isNew ? null : this.#transcript.ids))
    connection.listen(
      (bytes, isBinary) => this.#receive(bytes, isBinary),
      () => this.#flushAll(),
    )
  }

  /** What follows when a connection is gone. */
  detach(connection: Connection, closeCode: number): void {
    if (connection !== this.#connection) return
    this.#connection = null
    const { options, service } = this.#keeper
    for (const call of this.#calls.values()) if (!(call instanceof Generation)) call.cancel()
    if (closeCode === closeCodes.normal || service.stopping || options.resumeWindowMs === 0) this.end()
    else this.#window = setTimeout(() => this.end(), options.resumeWindowMs)
  }

  /** Gives everything up. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearTimeout(this.#window)
    for (const call of this.#calls.values()) call.cancel()
    this.#keeper.ended(this)
  }

  /** Takes no new call, and closes once those that run have ended. */
  stop(): void {
    if (this.#connection === null) this.end()
    else if (this.#calls.size === 0 && !this.#transcript.isSending) {
      this.#connection.close(closeCodes.goingAway, 'the server stops')
    }
  }

  check(nowMs: number): void {
    this.#transcript.expire(nowMs)
    this.#connection?.check(nowMs, this.#calls.size > 0)
  }

  /** Sends what the client lacks. Errors go to the client, as those of any message. */
  resume(resume: Resume): void {
    try {
      const { id } = resume
      for (const generation of id === null ? this.#transcript.all : [this.#transcript.get(id)]) {
        try {
          generation.rewind(resume.after)
        } catch (error) {
          this.#tell(generation.id, error)
        }
      }
      this.#flushAll()
    } catch (error) {
      this.#tell(resume.id, error)
    }
  }

  #receive(bytes: Buffer, isBinary: boolean): void {
    let id: string | null = null
    try {
      if (isBinary && this.#connection?.textOnly) throw invalid('infer-bench.json has text messages only')
      const message = readMessage(bytes, isBinary)
      const { fields } = message
      if (fields.type === 'resume') this.#onResume(readResume(fields))
      else {
        id = idOf(fields)
        this.#onCall(id, message)
      }
    } catch (error) {
      this.#count(this.#tell(id, error))
    }
  }

  #onCall(id: string, message: ClientMessage): void {
    switch (message.fields.type) {
      case 'infer':
        this.#checkRoom(id)
        this.#infer(id, message)
        break
      case 'generate':
        this.#checkRoom(id)
        this.#generate(id, message)
        break
      case 'cancel':
        // One that comes too late has nothing to do: the call's last message is on its way.
        this.#calls.get(id)?.cancel()
        break
      default:
        throw invalid('type must be infer, generate, cancel or resume')
    }
  }

  #onResume(resume: Resume): void {
    if (resume.session === null || resume.session === this.id) {
      this.resume(resume)
      return
    }
    if (this.#calls.size > 0) throw invalid('a connection with calls in flight cannot change its session')
    const connection = this.#connection!
    const session = this.#keeper.resume(resume.session, connection)
    this.#connection = null
    this.end()
    session.resume(resume)
  }

  #checkRoom(id: string): void {
    if (this.#keeper.service.stopping) throw new HttpError(503, 'stopping', 'the server stops')
    if (this.#calls.has(id)) {
      throw new HttpError(409, 'duplicate_id', `a call with the id ${JSON.stringify(id)} is in flight`)
    }
    const { sessionCalls } = this.#keeper.options
    if (this.#calls.size >= sessionCalls) {
      const message = `${sessionCalls} calls are in flight on this session, which is this server's limit`
      throw new HttpError(503, 'overloaded', message)
    }
    this.#keeper.service.admit()
  }

  #infer(id: string, message: ClientMessage): void {
    const { model, request, place } = readInfer(message)
    const abort = new AbortController()
    this.#calls.set(id, { cancel: () => abort.abort() })
    this.#addLoad(message.bytes.length)
    const { isBinary } = message
    this.#sequences
      .infer(model, request.inputs, place, abort.signal)
      .then((reply) => {
        const result = resultMessage(id, model, request, reply, isBinary)
        if (typeof result !== 'string' && this.#connection?.textOnly) {
          throw invalid('infer-bench.json has text messages only, and so no binary outputs')
        }
        this.#connection?.send(result)
        return 200
      })
      .catch((error: unknown) => {
        const cancelled = new HttpError(499, 'cancelled', 'the call was cancelled')
        return this.#tell(id, abort.signal.aborted ? cancelled : error)
      })
      .then((status) => {
        this.#addLoad(-message.bytes.length)
        this.#endCall(id, status)
      })
  }

  #addLoad(byteCount: number): void {
    this.#loadBytes += byteCount
    if (this.#connection) this.#connection.isLoaded = this.#loadBytes > this.#keeper.service.limits.bodyBytes
  }

  #generate(id: string, message: ClientMessage): void {
    const { model, request } = readGenerate(message.fields)
    const generation = new Generation(id)
    this.#calls.set(id, generation)
    this.#transcript.add(generation)
    const onToken = (text: string): void => this.#addToken(generation, text)
    this.#keeper.service
      .generate(model, request, onToken, generation.signal)
      .then((reply) => generation.finish(reply))
      .catch((error: unknown) => generation.fail(this.#known(error)))
      .then((status) => {
        this.#flush(generation)
        this.#endCall(id, status)
      })
  }

  #addToken(generation: Generation, text: string): void {
    this.#transcript.addToken(generation, text)
    this.#flush(generation)
    if (this.#transcript.makeRoom()) return
    generation.giveUp(new HttpError(408, 'slow_reader', 'the tokens were read too slowly and given up'))
    if (generation.isFlowing)
      this.#connection?.close(closeCodes.tryAgainLater, 'the tokens are read too slowly')
  }

  #flushAll(): void {
    for (const generation of this.#transcript.all) this.#flush(generation)
    if (this.#keeper.service.stopping) this.stop()
  }

  #flush(generation: Generation): void {
    const connection = this.#connection
    if (!connection || !generation.isFlowing) return
    while (connection.hasRoom) {
      const message = generation.next()
      if (message === null) break
      connection.send(message)
    }
    this.#transcript.afterSending(generation)
  }

  #endCall(id: string, status: number): void {
    this.#calls.delete(id)
    this.#count(status)
    if (this.#keeper.service.stopping) this.stop()
  }

  #count(status: number): void {
    this.#keeper.service.countRequest('websocket', status)
  }

  /** @returns The HTTP status of the error. */
  #tell(id: string | null, error: unknown): number {
    const known = this.#known(error)
    this.#connection?.send(errorMessage(id, known))
    return known.status
  }

  #known(error: unknown): HttpError {
    const known = toHttpError(error)
    if (!known) this.#keeper.service.onBug(error)
    return known ?? new HttpError(500, 'internal_error', 'internal error')
  }
}
