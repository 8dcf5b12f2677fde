import { EMBEDDING_WIDTH, embed, ofLengthOne } from '../embeddings.ts'
import { invalid } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { array, type JsonObject, optionalInteger, parseObject, shown, text } from './json.ts'
import { serverTiming } from './server-timing.ts'

/** OpenAI's own limit. */
const mostTexts = 2048

type Form = 'float' | 'base64'

/** `POST /v1/embeddings`: one text or many, as text or as tokens (bytes); numbers as JSON or their bytes in base64. */
export async function createEmbeddings(exchange: Exchange): Promise<void> {
  const fields = parseObject(await exchange.body())
  const model = text(fields.model, 'model')
  const form = readForm(fields)
  const width = optionalInteger(1, fields, 'dimensions') ?? EMBEDDING_WIDTH
  if (width > EMBEDDING_WIDTH) throw invalid(`dimensions must be at most ${EMBEDDING_WIDTH}`)
  const texts = readTexts(fields.input, exchange.service.limits.promptCharacters)
  const { vectors, timing } = await embed(exchange.service.runtime, model, texts, exchange.signal)
  const data = vectors.map((vector, index) => {
    const asked = width === EMBEDDING_WIDTH ? vector : ofLengthOne(vector.slice(0, width))
    return `{"object":"embedding","index":${index},"embedding":${written(asked, form)}}`
  })
  const tokenCount = texts.reduce((sum, { length }) => sum + length, 0)
  exchange.json(
    `{"object":"list","data":[${data}],"model":${JSON.stringify(model)},` +
      `"usage":{"prompt_tokens":${tokenCount},"total_tokens":${tokenCount}}}`,
    { 'server-timing': serverTiming(timing) },
  )
}

function written(vector: Float32Array<ArrayBuffer>, form: Form): string {
  return form === 'base64'
    ? `"${Buffer.from(vector.buffer).toString('base64')}"`
    : JSON.stringify(Array.from(vector))
}

function readForm(fields: JsonObject): Form {
  const form = fields.encoding_format ?? 'float'
  if (form === 'float' || form === 'base64') return form
  throw invalid(`encoding_format must be float or base64, not ${shown(form)}`)
}

function readTexts(input: unknown, mostCharacters: number): Uint8Array[] {
  const isTokens = Array.isArray(input) && typeof input[0] === 'number'
  const items = typeof input === 'string' || isTokens ? [input] : array(input, 'input')
  if (items.length === 0) throw invalid('input must not be empty')
  if (items.length > mostTexts)
    throw invalid(`input has ${items.length} texts; at most ${mostTexts} are taken`)
  return items.map((item) => {
    const bytes = Array.isArray(item) ? bytesOfTokens(item) : Buffer.from(text(item, 'a text of the input'))
    if (bytes.length <= mostCharacters) return bytes
    throw invalid(`a text has ${bytes.length} bytes; this server's limit is ${mostCharacters}`)
  })
}

/** The tokenizer makes one token of each byte. */
function bytesOfTokens(tokens: unknown[]): Uint8Array {
  if (
    !tokens.every((token) => Number.isInteger(token) && 0 <= (token as number) && (token as number) < 256)
  ) {
    throw invalid('a token is a whole number from 0 to 255 here')
  }
  return Uint8Array.from(tokens as number[])
}
