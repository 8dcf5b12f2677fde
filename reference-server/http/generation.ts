import type { GenerateReply, GenerateRequest } from '../runtime/runtime.ts'
import { HttpError, toHttpError } from './errors.ts'
import { EventStream } from './event-stream.ts'
import type { Exchange } from './exchange.ts'

/** What a convention's stream looks like: whole events, each ending with an empty line. */
export interface StreamForm {
  /** Sent right before the first token. */
  opening: string | null
  token(text: string): string
  closing(reply: GenerateReply): string
  /** For an error after the first token, when the status is long out. */
  failure(error: HttpError): string
}

/** Generates a whole text and returns it with what it took. */
export async function generateWhole(
  exchange: Exchange,
  model: string,
  request: GenerateRequest,
): Promise<{ text: string; reply: GenerateReply }> {
  const pieces: string[] = []
  const onToken = (text: string) => pieces.push(text)
  const reply = await exchange.service.generate(model, request, onToken, exchange.signal)
  return { text: pieces.join(''), reply }
}

/** Generates a text as server-sent events, one per token. */
export async function generateStreamed(
  exchange: Exchange,
  model: string,
  request: GenerateRequest,
  form: StreamForm,
): Promise<void> {
  exchange.becomeStream()
  let reply: GenerateReply
  let opened = false
  let tooSlow = false
  const stream = new EventStream(exchange, form.token, () => {
    tooSlow = true
    exchange.abort()
  })
  const open = (): void => {
    opened = true
    stream.open(form.opening)
  }
  try {
    const onToken = (text: string): void => {
      if (!opened) open()
      stream.token(text)
    }
    reply = await exchange.service.generate(model, request, onToken, exchange.signal)
  } catch (error) {
    if (!opened) throw error
    const known = toHttpError(error)
    if (!known) exchange.service.onBug(error)
    const told = known ?? new HttpError(500, 'internal_error', 'the generation broke off')
    return stream.end(form.failure(told), null)
  }
  if (tooSlow) {
    const error = new HttpError(408, 'slow_reader', 'the stream was read too slowly and given up')
    return stream.end(form.failure(error), reply.timing)
  }
  if (!opened) open()
  return stream.end(form.closing(reply), reply.timing)
}
