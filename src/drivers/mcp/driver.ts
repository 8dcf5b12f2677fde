import type { McpCodec } from '../../dialects/mcp-face.ts'
import {
  type CallKind,
  type Driver,
  type DriverOptions,
  OpenError,
  type Session,
  type SessionProbe,
} from '../driver.ts'
import { abortable, within } from '../transport/connect.ts'
import type { OpenChannel } from './channel.ts'
import { overHttp } from './http-opening.ts'
import { type McpOptions, transportOf } from './options.ts'
import { loadSdk, type Sdk } from './sdk.ts'
import { type CallTemplate, McpSession } from './session.ts'
import { overStdio } from './stdio-channel.ts'
import { overWebSocket } from './websocket-channel.ts'

export class McpDriver implements Driver {
  readonly #sdk: Sdk
  readonly #template: CallTemplate
  readonly #connectMs: number
  readonly #openChannel: OpenChannel
  readonly #closeChannels: () => Promise<void>
  /** What sessions that ended have left to do. */
  readonly #endings = new Set<Promise<void>>()

  static async make(options: DriverOptions<McpCodec>, tool: string, kind: CallKind): Promise<McpDriver> {
    const { revision } = options.target.options as unknown as McpOptions
    const sdk = await loadSdk(revision)
    return new McpDriver(sdk, { tool, kind, codec: options.codec, trace: options.trace }, options)
  }

  private constructor(sdk: Sdk, template: CallTemplate, options: DriverOptions<McpCodec>) {
    this.#sdk = sdk
    this.#template = template
    this.#connectMs = options.timeouts.connectMs
    const { open, close } = channels(options, sdk)
    this.#openChannel = open
    this.#closeChannels = close
  }

  async open(probe: SessionProbe, signal: AbortSignal): Promise<Session> {
    const session = new McpSession(this.#sdk.newClient(), this.#template, probe, (ending) => {
      this.#endings.add(ending)
      void ending.then(() => this.#endings.delete(ending))
    })
    try {
      await within(this.#connectMs, signal, (either) =>
        abortable<void>(either, (succeed, fail) => {
          session.begin(() => this.#openChannel(session, probe, either)).then(succeed, fail)
        }),
      )
    } catch (error) {
      const outcome = error instanceof OpenError ? error.outcome : session.setupOutcome(error)
      session.close()
      throw new OpenError(outcome)
    }
    probe.phase('setup')
    return session
  }

  async close(): Promise<void> {
    await Promise.all(this.#endings)
    await this.#closeChannels()
  }
}

/** How sessions are carried, and what is left to be done when the last one has ended. */
function channels(options: DriverOptions<McpCodec>, sdk: Sdk): { open: OpenChannel; close(): Promise<void> } {
  const close = async () => {}
  switch (transportOf(options.target)) {
    case 'http':
      return { open: overHttp(options, sdk), close }
    case 'websocket':
      return { open: overWebSocket(options), close }
    case 'stdio':
      return overStdio(options)
  }
}
