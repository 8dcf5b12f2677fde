import type { Server, UntypedServiceImplementation } from '@grpc/grpc-js'
import type { Listener } from '../http/listener.ts'
import type { Service } from '../service.ts'
import type { ListenerCertificate } from '../tls/certificates.ts'
import { admission } from './admission.ts'
import { generation } from './generation.ts'
import { Health } from './health.ts'
import { createGrpcServer, listenGrpc } from './listener.ts'
import { openInference } from './open-inference.ts'
import { prediction } from './prediction.ts'
import { readProto } from './proto-file.ts'
import { generationProto } from './protos/generation.ts'
import { healthProto } from './protos/health.ts'
import { inferenceProto } from './protos/inference.ts'
import { reflectionProto } from './protos/reflection.ts'
import { tensorflowProto, tfServingProto } from './protos/tf-serving.ts'
import { reflection } from './reflection.ts'

/** All services that are spoken over gRPC, and how they are stopped. */
export class GrpcFace {
  readonly #server: Server
  readonly #closed: Promise<void>[] = []
  readonly #health: Health

  constructor(service: Service) {
    const inference = readProto(inferenceProto)
    const generating = readProto(generationProto)
    const predicting = readProto(tfServingProto, [tensorflowProto])
    const health = readProto(healthProto)
    const reflections = [readProto(reflectionProto('v1')), readProto(reflectionProto('v1alpha'))]
    const files = [inference, generating, predicting, readProto(tensorflowProto), health, ...reflections]
    const names = files.flatMap((file) => file.services.map(({ fullName }) => fullName))
    this.#health = new Health(service, names)
    const isGuarded = service.tokens.isOn || service.isRateLimited
    this.#server = createGrpcServer(service.limits, isGuarded ? [admission(service)] : [])
    const add = (file: typeof inference, implementation: UntypedServiceImplementation) =>
      this.#server.addService(file.services[0]!.definition, implementation)
    add(inference, openInference(service))
    add(generating, generation(service))
    add(predicting, prediction(service))
    add(health, this.#health.implementation())
    for (const file of reflections) add(file, reflection(service, files))
  }

  /**
   * Speaks on a port; over TLS with a certificate.
   * @throws the system's error when the port cannot be had.
   */
  async listen(host: string, port: number, certificate: ListenerCertificate | null): Promise<Listener> {
    const listener = await listenGrpc(this.#server, host, port, certificate)
    this.#closed.push(listener.closed)
    return listener
  }

  /**
   * Takes no new call on any connection. Resolves once all calls are over and their connections, of listeners that
   * were stopped, are closed.
   */
  async stop(): Promise<void> {
    this.#health.stop()
    // Its callback is no sign: on recent Node, whose HTTP/2 servers close their sessions themselves, it comes at once.
    this.#server.tryShutdown(() => {})
    await Promise.all(this.#closed)
  }

  /** Cuts off the calls that still run. */
  close(): void {
    this.#server.forceShutdown()
  }
}
