import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerOptions,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import { makeServerCertificate } from '../../reference-server/tls/certificates.ts'
import type { CallKind } from '../../src/drivers/driver.ts'
import type { PlainServer, Secure } from './plain-http.ts'

const PATH = '/test.Plain/Call'

const identity = (message: Buffer): Buffer => message

export interface PlainGrpc extends PlainServer {
  /** Lets open calls end, and takes no new ones: GOAWAY. */
  drain(): void
}

type Reply = (error: object | null, message?: Buffer, trailer?: Metadata) => void
type Answering = (call: {
  kind: CallKind
  metadata: Metadata
  /** The port that the client's connection comes from. */
  port: number
  /** What the client sent, once it has sent all. */
  messages: Promise<Buffer[]>
  /** Resolves when the call is over, or was given up. */
  left: Promise<void>
  /** Sends one message of a stream. */
  write(text: string): void
  /** The client has to read before more goes out. */
  isFull(): boolean
  /** Ends the call; a call with one reply has it as `text`. */
  end(text?: string, trailer?: Metadata): void
  fail(code: number, details: string, metadata?: Metadata): void
}) => void

/** A correct gRPC server of one method of any kind, whose messages are the bytes that were sent. */
export async function startGrpcServer(
  kind: CallKind,
  answer: Answering,
  secure: Secure = false,
  options: ServerOptions = {},
): Promise<PlainGrpc> {
  const server = new Server({ 'grpc.max_receive_message_length': -1, ...options })
  const versions = new Set<string>()
  const definition: ServiceDefinition = {
    Call: {
      path: PATH,
      requestStream: kind === 'client-stream' || kind === 'bidi',
      responseStream: kind === 'server-stream' || kind === 'bidi',
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    },
  }
  type AnyCall = ServerUnaryCall<Buffer, Buffer> &
    ServerReadableStream<Buffer, Buffer> &
    ServerWritableStream<Buffer, Buffer> &
    ServerDuplexStream<Buffer, Buffer>
  const handle = (call: AnyCall, reply?: Reply) => {
    versions.add('2')
    // A client that gives up is no fault of this server.
    call.on('error', () => {})
    answer({
      kind,
      metadata: call.metadata,
      port: Number(call.getPeer().split(':').at(-1)),
      messages: kind === 'unary' || kind === 'server-stream' ? Promise.resolve([call.request]) : all(call),
      left: new Promise((resolve) => call.on('cancelled', () => resolve())),
      write: (text) => void call.write(Buffer.from(text)),
      isFull: () => call.writableNeedDrain,
      end: (text, trailer) => {
        if (reply) reply(null, Buffer.from(text ?? ''), trailer)
        else call.end(trailer)
      },
      fail: (code, details, metadata) => {
        if (reply) reply({ code, details, metadata })
        else call.emit('error', { code, details, metadata })
      },
    })
  }
  server.addService(definition, { Call: handle } as never)
  const folder = mkdtempSync(join(tmpdir(), 'infer-bench-tls-'))
  const ca = join(folder, 'ca.pem')
  const port = await new Promise<number>((resolve, reject) => {
    const done = (error: Error | null, bound: number) => (error ? reject(error) : resolve(bound))
    server.bindAsync('127.0.0.1:0', credentialsOf(secure, ca), done)
  })
  return {
    url: `${secure ? 'grpcs' : 'grpc'}://127.0.0.1:${port}${PATH}`,
    ca: secure ? ca : '',
    versions,
    drain: () => server.tryShutdown(() => {}),
    stop: async () => {
      server.forceShutdown()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What the contract suite asks for: 10 bytes in one message or two, or a call that never ends. */
export function startGrpc(
  kind: CallKind,
  behave: (port: number, traceparent: string | undefined) => 'answer' | 'begin',
  secure: Secure,
): Promise<PlainGrpc> {
  return startGrpcServer(
    kind,
    (call) => {
      const streams = kind === 'server-stream' || kind === 'bidi'
      const ends = behave(call.port, call.metadata.get('traceparent')[0] as string | undefined) === 'answer'
      void call.messages.then(() => {
        if (streams) call.write('01234')
        if (!ends) return
        if (streams) call.write('56789')
        call.end('0123456789')
      })
    },
    secure,
  )
}

function all(call: ServerReadableStream<Buffer, Buffer>): Promise<Buffer[]> {
  return new Promise((resolve) => {
    const messages: Buffer[] = []
    call.on('data', (message: Buffer) => messages.push(message))
    call.on('end', () => resolve(messages))
  })
}

function credentialsOf(secure: Secure, ca: string): ServerCredentials {
  if (!secure) return ServerCredentials.createInsecure()
  const made = makeServerCertificate(secure.hosts ?? ['127.0.0.1', 'localhost'], secure.validMs)
  writeFileSync(ca, made.ca)
  return new TlsCredentials(made, secure.maxVersion ?? 'TLSv1.3')
}

/** What `ServerCredentials.createSsl` gives, with a limit to the version of TLS. */
class TlsCredentials extends ServerCredentials {
  constructor(
    { key, certificate: cert }: { key: string; certificate: string },
    maxVersion: 'TLSv1.2' | 'TLSv1.3',
  ) {
    super({ maxVersion }, { key, cert, maxVersion })
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other
  }
}
