import type { SkippedProvider } from './auto-provider.ts'
import type { Limits } from './limits.ts'
import { unknownModelMessage } from './models/catalogue.ts'
import { RateLimit } from './rate-limit.ts'
import type { GenerateReply, GenerateRequest, ModelInfo, Runtime } from './runtime/runtime.ts'
import { RequestError } from './runtime/runtime.ts'
import type { TokenCheck } from './token-check.ts'

/** The server has no room for one more generation; the client may try again. */
export class OverloadError extends Error {
  constructor(streams: number) {
    super(`${streams} generations are running already, which is this server's limit`)
    this.name = 'OverloadError'
  }
}

export interface ServiceSettings {
  runtime: Runtime
  /** Every provider that was wanted before the one that runs. */
  skipped: readonly SkippedProvider[]
  limits: Limits
  tokens: TokenCheck
  /** Version of the server itself. */
  version: string
  /** Tells the operator of an error that is the server's own fault. */
  onBug: (error: unknown) => void
}

/** What all interfaces of the server share: the models, the limits, and what was counted so far. */
export class Service {
  readonly runtime: Runtime
  readonly skipped: readonly SkippedProvider[]
  readonly limits: Limits
  /** Who may call, over any interface. */
  readonly tokens: TokenCheck
  readonly version: string
  readonly onBug: (error: unknown) => void
  /** True from the moment the server was told to stop: it is then alive, but no longer ready. */
  stopping = false
  activeStreams = 0
  /** Sessions of WebSocket and MCP, with those that wait for their client to come back, and streams of events. */
  activeSessions = 0
  generatedTokens = 0
  readonly #rateLimit: RateLimit | null
  readonly #requests = new Map<string, Map<number | string, number>>()

  constructor(settings: ServiceSettings) {
    this.runtime = settings.runtime
    this.skipped = settings.skipped
    this.limits = settings.limits
    const { callsPerSecond } = settings.limits
    this.#rateLimit = callsPerSecond === null ? null : new RateLimit(callsPerSecond)
    this.tokens = settings.tokens
    this.version = settings.version
    this.onBug = settings.onBug
  }

  get isRateLimited(): boolean {
    return this.#rateLimit !== null
  }

  /** Every interface asks this of every call, before it looks further into it. @throws RateLimitError */
  admit(): void {
    this.#rateLimit?.take()
  }

  /** Finished requests by interface name, then by status. */
  get requests(): ReadonlyMap<string, ReadonlyMap<number | string, number>> {
    return this.#requests
  }

  countRequest(interfaceName: string, status: number | string): void {
    let byStatus = this.#requests.get(interfaceName)
    if (!byStatus) {
      byStatus = new Map()
      this.#requests.set(interfaceName, byStatus)
    }
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
  }

  /** @throws RequestError for a model that this server does not have. */
  model(name: string): ModelInfo {
    const model = this.runtime.models.get(name)
    if (!model) throw new RequestError('unknown_model', unknownModelMessage(name))
    return model
  }

  /**
   * One generation, within the limits and counted.
   * @throws RequestError for a request that does not fit the model, OverloadError when too many run.
   */
  async generate(
    modelName: string,
    request: GenerateRequest,
    onToken: (text: string) => void,
    signal: AbortSignal,
  ): Promise<GenerateReply> {
    if (request.prompt.length > this.limits.promptCharacters) {
      throw new RequestError(
        'invalid_input',
        `the prompt has ${request.prompt.length} characters; this server's limit is ${this.limits.promptCharacters}`,
      )
    }
    if (request.maxTokens > this.limits.maxTokens) {
      throw new RequestError(
        'invalid_input',
        `${request.maxTokens} tokens asked for; this server's limit is ${this.limits.maxTokens}`,
      )
    }
    if (this.activeStreams >= this.limits.streams) throw new OverloadError(this.limits.streams)
    this.activeStreams++
    try {
      return await this.runtime.generate(
        modelName,
        request,
        (text) => {
          this.generatedTokens++
          onToken(text)
        },
        signal,
      )
    } finally {
      this.activeStreams--
    }
  }
}
