import type { RpcRequest } from './rpc.ts'
import { invalidParams, isObject } from './rpc.ts'
import { defaultMaxTokens, generateName } from './tools.ts'

/** The progress of a generation, told token by token to a client that asked for it. */
export class Progress {
  readonly #head: string
  readonly #tail: string
  #count = 0

  constructor(token: string | number, total: unknown) {
    this.#head = `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${JSON.stringify(token)},"progress":`
    this.#tail = Number.isSafeInteger(total) ? `,"total":${total},"message":` : ',"message":'
  }

  /** The notification about the next token. */
  message(text: string): string {
    this.#count++
    return `${this.#head}${this.#count}${this.#tail}${JSON.stringify(text)}}}`
  }
}

/**
 * Null where nobody asked, or where there is nothing to tell: an inference has no progress.
 * @throws RpcError for a token of another type than MCP knows.
 */
export function progressOf({ method, params }: RpcRequest): Progress | null {
  if (method !== 'tools/call' || params.name !== generateName || !isObject(params._meta)) return null
  const token = params._meta.progressToken
  if (token === undefined) return null
  if (typeof token !== 'string' && !Number.isInteger(token)) {
    throw invalidParams('progressToken must be a string or an integer')
  }
  const total = isObject(params.arguments) ? (params.arguments.max_tokens ?? defaultMaxTokens) : undefined
  return new Progress(token as string | number, total)
}
