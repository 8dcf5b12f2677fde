import { toHttpError } from '../http/errors.ts'
import { type JsonObject, shown } from '../http/json.ts'
import type { Timing } from '../runtime/runtime.ts'
import type { Service } from '../service.ts'
import { type Era, serverInfoKey, supportedRevisions } from './revisions.ts'
import {
  errorMessage,
  InvalidRequest,
  invalidParams,
  isObject,
  RpcError,
  type RpcRequest,
  resultMessage,
  rpcCodes,
  rpcErrorOf,
} from './rpc.ts'
import { type ToolScope, tools } from './tools.ts'

/** A whole reply. */
export interface Answer {
  message: string
  /** What HTTP says of it; other transports count it by this, too. */
  status: number
  /** Where the server spent its time, if it computed. */
  timing: Timing | null
  isError: boolean
  /** Headers that say the same where it goes over HTTP. */
  headers: Record<string, string>
}

/** How long a client may keep what it was told of the tools, in milliseconds: they never change. */
const cacheMs = 3_600_000

/** Answers requests, whatever they came over. */
export class Dispatcher {
  readonly service: Service
  readonly #serverInfo: JsonObject
  /** Results that are always the same, by era. */
  readonly #toolLists: Record<Era, string>
  readonly #discovery: string

  constructor(service: Service) {
    this.service = service
    this.#serverInfo = {
      name: 'infer-bench',
      title: 'infer-bench reference server',
      version: service.version,
    }
    const definitions = [...tools.values()].map(({ definition }) => definition)
    const stateless = { resultType: 'complete', ttlMs: cacheMs, cacheScope: 'public' }
    const _meta = { [serverInfoKey]: this.#serverInfo }
    this.#toolLists = {
      session: JSON.stringify({ tools: definitions }),
      stateless: JSON.stringify({ ...stateless, tools: definitions, _meta }),
    }
    this.#discovery = JSON.stringify({
      ...stateless,
      supportedVersions: supportedRevisions,
      capabilities: { tools: {} },
      instructions,
      _meta,
    })
  }

  /** The result of initialize; the transport has made the session. */
  initialized(request: RpcRequest, revision: string): Answer {
    const { params } = request
    if (typeof params.protocolVersion !== 'string') {
      return this.refuse(request.id, invalidParams('protocolVersion must be a string'))
    }
    const result = {
      protocolVersion: revision,
      capabilities: { tools: {} },
      serverInfo: this.#serverInfo,
      instructions,
    }
    return success(request, JSON.stringify(result))
  }

  /** Never rejects: errors are answers. */
  async answer(request: RpcRequest, era: Era, scope: ToolScope): Promise<Answer> {
    try {
      switch (request.method) {
        case 'tools/call':
          return await this.#call(request, era, scope)
        case 'tools/list':
          return success(request, this.#toolLists[era])
        case 'ping':
          if (era === 'session') return success(request, '{}')
          break
        case 'server/discover':
          if (era === 'stateless') return success(request, this.#discovery)
          break
      }
      const name = request.method.slice(0, 100)
      throw new RpcError(
        rpcCodes.methodNotFound,
        `Method not found: ${name}`,
        era === 'stateless' ? 404 : 200,
      )
    } catch (error) {
      return this.refuse(request.id, error)
    }
  }

  /** @param id Null for a message that has none which can be read. */
  refuse(id: RpcRequest['id'] | null, error: unknown): Answer {
    let told: RpcError
    let headers: Answer['headers'] = {}
    if (error instanceof RpcError) told = error
    else {
      const known = toHttpError(error)
      headers = known?.headers ?? {}
      if (!known) this.service.onBug(error)
      told = known ? rpcErrorOf(known) : new RpcError(rpcCodes.internalError, 'Internal error')
    }
    if (told instanceof InvalidRequest) id ??= told.id
    return { message: errorMessage(id, told), status: told.status, headers, timing: null, isError: true }
  }

  async #call(request: RpcRequest, era: Era, scope: ToolScope): Promise<Answer> {
    this.service.admit()
    const { name, arguments: fields = {} } = request.params
    const tool = typeof name === 'string' ? tools.get(name) : undefined
    if (!tool) throw invalidParams(`no tool named ${shown(name)}; there are ${[...tools.keys()].join(', ')}`)
    if (!isObject(fields)) throw invalidParams('arguments must be an object')
    const type = era === 'stateless' ? '"resultType":"complete",' : ''
    try {
      const { members, meta, timing } = await tool.run(this.service, fields, scope)
      return { ...success(request, `{${type}${members},"_meta":{${meta}}}`), timing }
    } catch (error) {
      const known = toHttpError(error)
      // What a caller did wrong stands in the result, where a model can read it and do better.
      if (!known) throw error
      const content = `"content":[{"type":"text","text":${JSON.stringify(known.message)}}]`
      return success(request, `{${type}${content},"isError":true}`)
    }
  }
}

const instructions =
  'infer runs a tensor model on Open Inference tensors; generate makes text, token by token where progress is asked for.'

function success(request: RpcRequest, result: string): Answer {
  return {
    message: resultMessage(request.id, result),
    status: 200,
    headers: {},
    timing: null,
    isError: false,
  }
}
