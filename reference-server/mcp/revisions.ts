import type { JsonObject } from '../http/json.ts'
import { invalidParams, isObject, RpcError, rpcCodes } from './rpc.ts'

/**
 * The two ways in which MCP is spoken. `session`: initialize begins a session, and what was agreed then holds for
 * it. `stateless`: every request says for itself what it speaks, and server/discover tells what there is.
 */
export type Era = 'session' | 'stateless'

/** Newest first: what a client is offered when it asks for a revision that is not among them. */
const sessionRevisions = ['2025-11-25', '2025-06-18']
/** What a request speaks that does not say it, so that saying it is no mistake either. */
const unsaidRevision = '2025-03-26'
const statelessRevisions = ['2026-07-28']

export const supportedRevisions = [...statelessRevisions, ...sessionRevisions]

/** The keys of `_meta` by which a request of 2026-07-28 says what it speaks. */
const versionKey = 'io.modelcontextprotocol/protocolVersion'
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities'
export const serverInfoKey = 'io.modelcontextprotocol/serverInfo'

function isSessionRevision(revision: unknown): boolean {
  return sessionRevisions.includes(revision as string)
}

export function isStatelessRevision(revision: unknown): boolean {
  return statelessRevisions.includes(revision as string)
}

/** Whether a request within a session may say that it speaks this. */
export function fitsSession(revision: string): boolean {
  return isSessionRevision(revision) || revision === unsaidRevision
}

/** The revision of a session whose client asked for `wanted`. */
export function agreedRevision(wanted: unknown): string {
  return isSessionRevision(wanted) ? (wanted as string) : sessionRevisions[0]!
}

/**
 * The revision that a message says it speaks, or null for one that leaves that to its session.
 * @throws RpcError for a revision that is unknown, or an envelope that lacks what it must have.
 */
export function claimedRevision(params: JsonObject): string | null {
  const meta = params._meta
  if (!isObject(meta) || meta[versionKey] === undefined) return null
  const revision = meta[versionKey]
  if (typeof revision !== 'string') throw invalidParams(`_meta["${versionKey}"] must be a string`, 400)
  if (!isStatelessRevision(revision)) throw unsupportedRevision(revision)
  if (!isObject(meta[capabilitiesKey])) {
    throw invalidParams(`_meta["${capabilitiesKey}"] must be an object`, 400)
  }
  return revision
}

/** Of a request that must say what it speaks, and does not. */
export function missingEnvelope(revision: string): RpcError {
  return invalidParams(
    `a request of ${revision} says so in its _meta: "${versionKey}" and "${capabilitiesKey}"`,
    400,
  )
}

export function unsupportedRevision(requested: string): RpcError {
  const message = `Unsupported protocol version: ${requested.slice(0, 100)}`
  const data = { supported: supportedRevisions, requested: requested.slice(0, 100) }
  return new RpcError(rpcCodes.unsupportedVersion, message, 400, data)
}
