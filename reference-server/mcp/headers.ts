import type { IncomingHttpHeaders } from 'node:http'
import type { JsonObject } from '../http/json.ts'
import { fitsSession, isStatelessRevision, missingEnvelope, unsupportedRevision } from './revisions.ts'
import { RpcError, type RpcMessage, rpcCodes } from './rpc.ts'

const versionHeader = 'mcp-protocol-version'
const methodHeader = 'mcp-method'
const nameHeader = 'mcp-name'

/**
 * Whether the headers say what the message says: whoever routes requests reads only them.
 * @param revision The one that the message claims; null where its session has agreed on one.
 * @throws RpcError with the status 400.
 */
export function checkHeaders(
  headers: IncomingHttpHeaders,
  message: Exclude<RpcMessage, { kind: 'reply' }>,
  revision: string | null,
): void {
  const version = headers[versionHeader] as string | undefined
  if (revision === null) {
    if (version === undefined || fitsSession(version)) return
    if (message.kind === 'request' && message.method === 'initialize') return
    throw isStatelessRevision(version) ? missingEnvelope(version) : unsupportedRevision(version)
  }
  if (version !== undefined && version !== revision) throw mismatch(versionHeader, version, revision)
  if (message.kind === 'notification') return
  if (version === undefined) throw missing(versionHeader)
  checkMirror(headers, methodHeader, message.method)
  if (message.method !== 'tools/call') return
  const { name } = message.params as JsonObject
  if (typeof name === 'string') checkMirror(headers, nameHeader, name)
}

function checkMirror(headers: IncomingHttpHeaders, header: string, expected: string): void {
  const value = headers[header] as string | undefined
  if (value === undefined) throw missing(header)
  if (value !== expected && decoded(value) !== expected) throw mismatch(header, value, expected)
}

/** What is no plain ASCII travels as `=?base64?…?=`. */
function decoded(value: string): string {
  const match = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value)
  return match ? Buffer.from(match[1]!, 'base64').toString() : value
}

function missing(header: string): RpcError {
  return new RpcError(rpcCodes.headerMismatch, `Header mismatch: the header ${header} is missing`, 400)
}

function mismatch(header: string, value: string, expected: string): RpcError {
  const said = `${header} says ${JSON.stringify(value.slice(0, 100))}, the body ${JSON.stringify(expected.slice(0, 100))}`
  return new RpcError(rpcCodes.headerMismatch, `Header mismatch: ${said}`, 400)
}
