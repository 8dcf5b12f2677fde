import {
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { Service } from '../service.ts'
import { ReplyStream } from './reply-stream.ts'
import { StatusError } from './status.ts'
import { oneReply } from './unary.ts'

interface HealthRequest {
  service: string
}

interface HealthReply {
  status: number
}

/** Numbers of `ServingStatus`. */
const SERVING = 1
const NOT_SERVING = 2
const SERVICE_UNKNOWN = 3

/** `grpc.health.v1.Health`: every service serves until the server stops. */
export class Health {
  readonly #service: Service
  /** The empty name stands for the server as a whole. */
  readonly #names: ReadonlySet<string>
  readonly #watches = new Set<ReplyStream<HealthReply>>()

  constructor(service: Service, serviceNames: readonly string[]) {
    this.#service = service
    this.#names = new Set(['', ...serviceNames])
  }

  implementation(): UntypedServiceImplementation {
    return {
      Check: oneReply(this.#service, ({ request }: ServerUnaryCall<HealthRequest, HealthReply>) => {
        if (this.#names.has(request.service)) return { reply: { status: this.#status() } }
        throw new StatusError(status.NOT_FOUND, `no service named ${JSON.stringify(request.service)}`)
      }),
      List: oneReply(this.#service, () => {
        const entries = Array.from(this.#names, (name) => [name, { status: this.#status() }])
        return { reply: { statuses: Object.fromEntries(entries) } }
      }),
      Watch: (call: ServerWritableStream<HealthRequest, HealthReply>) => this.#watch(call),
    }
  }

  /** Tells all who watch that the server stops, and ends their calls, which would otherwise keep it from stopping. */
  stop(): void {
    for (const watch of this.#watches) {
      watch.send(() => ({ status: NOT_SERVING }), '')
      watch.fail(new StatusError(status.UNAVAILABLE, 'the server stops'))
    }
  }

  #status(): number {
    return this.#service.stopping ? NOT_SERVING : SERVING
  }

  #watch(call: ServerWritableStream<HealthRequest, HealthReply>): void {
    const watch = new ReplyStream<HealthReply>(this.#service, call)
    const known = this.#names.has(call.request.service)
    watch.send(() => ({ status: known ? this.#status() : SERVICE_UNKNOWN }), '')
    this.#watches.add(watch)
    call.on('close', () => this.#watches.delete(watch))
  }
}
