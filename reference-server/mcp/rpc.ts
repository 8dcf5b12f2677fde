import type { HttpError } from '../http/errors.ts'
import { type JsonObject, parseJson } from '../http/json.ts'

export type RequestId = string | number

/** A JSON-RPC 2.0 message from a client. A reply has neither method nor params: this server asks nothing. */
export type RpcMessage =
  | { kind: 'request'; id: RequestId; method: string; params: JsonObject }
  | { kind: 'notification'; method: string; params: JsonObject }
  | { kind: 'reply' }

export type RpcRequest = Extract<RpcMessage, { kind: 'request' }>

/** JSON-RPC's own codes, and those that MCP adds to them. */
export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  /** Of those that JSON-RPC leaves to a server. */
  overloaded: -32000,
  sessionNotFound: -32001,
  headerMismatch: -32020,
  unsupportedVersion: -32022,
} as const

/** A message may hold what the client sent, of any length. */
const mostCharacters = 1_000

/** An error of the protocol, as opposed to one of a tool. */
export class RpcError extends Error {
  readonly code: number
  /** The status that says the same where the message comes over HTTP. */
  readonly status: number
  readonly data: JsonObject | undefined

  constructor(code: number, message: string, status = 200, data?: JsonObject) {
    super(message.slice(0, mostCharacters))
    this.name = 'RpcError'
    this.code = code
    this.status = status
    this.data = data
  }
}

/** @throws RpcError for what is not JSON, or no message of JSON-RPC 2.0. */
export function readMessage(bytes: Buffer): RpcMessage {
  let value: unknown
  try {
    value = parseJson(bytes, 'the message')
  } catch (error) {
    throw new RpcError(rpcCodes.parseError, `Parse error: ${(error as Error).message}`, 400)
  }
  if (Array.isArray(value)) throw invalidRequest('batches are not part of MCP since 2025-06-18')
  if (!isObject(value) || value.jsonrpc !== '2.0') {
    throw invalidRequest('a message is an object with "jsonrpc": "2.0"')
  }
  const { id, method, params = {} } = value
  if (method === undefined && ('result' in value || 'error' in value)) return { kind: 'reply' }
  if (typeof method !== 'string') throw invalidRequest('method must be a string', id)
  if (!isObject(params)) throw invalidRequest('params must be an object', id)
  if (!('id' in value)) return { kind: 'notification', method, params }
  if (!isId(id)) throw invalidRequest('id must be a string or an integer')
  return { kind: 'request', id, method, params }
}

/** An error that knows the id of the message that it is about. */
export class InvalidRequest extends RpcError {
  readonly id: RequestId | null

  constructor(message: string, id: RequestId | null) {
    super(rpcCodes.invalidRequest, `Invalid request: ${message}`, 400)
    this.id = id
  }
}

export function invalidRequest(message: string, id: unknown = null): InvalidRequest {
  return new InvalidRequest(message, isId(id) ? id : null)
}

export function invalidParams(message: string, status = 200): RpcError {
  return new RpcError(rpcCodes.invalidParams, `Invalid params: ${message}`, status)
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isId(id: unknown): id is RequestId {
  return typeof id === 'string' || Number.isInteger(id)
}

/** The whole message of a success; `result` is JSON already. */
export function resultMessage(id: RequestId, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`
}

export function errorMessage(id: RequestId | null, error: RpcError): string {
  const { code, message, data } = error
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, ...(data && { data }) } })
}

/** What a client is told of an error of HTTP: of a limit, of a path, of a session that is gone. */
export function rpcErrorOf(error: HttpError): RpcError {
  const { code, status, message, retryAfterMs } = error
  if (retryAfterMs !== null) return new RpcError(rpcCodes.overloaded, message, status, { retryAfterMs })
  if (code === 'session_not_found') return new RpcError(rpcCodes.sessionNotFound, message, status)
  return new RpcError(status >= 500 ? rpcCodes.internalError : rpcCodes.invalidRequest, message, status)
}
