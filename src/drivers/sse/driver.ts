import type { HttpCodec } from '../../dialects/dialect.ts'
import type { DriverOptions, SessionProbe, StandingSession } from '../driver.ts'
import { HttpDriver } from '../http/driver.ts'
import { within } from '../transport/connect.ts'
import { EventExchange } from './exchange.ts'
import { holdStream } from './held-stream.ts'

export class SseDriver extends HttpDriver {
  constructor(options: DriverOptions<HttpCodec>) {
    const resumes = options.target.options.resume === true
    super(options, 'text/event-stream', (codec, session) => new EventExchange(codec, session, resumes))
  }

  hold(probe: SessionProbe, signal: AbortSignal): Promise<StandingSession> {
    return within(this.options.timeoutMs, signal, async (either) => {
      const link = this.link(probe)
      return holdStream(await link.connect(either), link, this.template, either)
    })
  }
}
