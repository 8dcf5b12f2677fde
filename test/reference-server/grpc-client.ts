import {
  type ChannelCredentials,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js'
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader'
import protobuf from 'protobufjs'
import { readProto } from '../../reference-server/grpc/proto-file.ts'
import { reflectionProto } from '../../reference-server/grpc/protos/reflection.ts'

// biome-ignore lint/suspicious/noExplicitAny: what a service takes is known only once the server has told it.
type Message = any

export const clearText = credentials.createInsecure()

/** Node takes no IP address for the name of a TLS server, which is what grpc-js would give it. */
export const channelOptions = { 'grpc.ssl_target_name_override': 'localhost' }

export function address(url: string): string {
  return new URL(url).host
}

/** What the server tells of a query, as a reflection client of that version asks it. */
export async function reflect(
  url: string,
  channel: ChannelCredentials,
  query: object,
  version: 'v1' | 'v1alpha' = 'v1',
): Promise<Message> {
  const { definition } = readProto(reflectionProto(version)).services[0]!
  const Constructor = loadPackageDefinition({ definition }).definition as ServiceClientConstructor
  const client = new Constructor(address(url), channel, channelOptions)
  const stream = bidi(client, 'ServerReflectionInfo')
  stream.write({ host: 'here', ...query })
  stream.end()
  const [reply] = await stream.toArray()
  client.close()
  return reply
}

/** A client of any service, with no other knowledge of it than what the server's reflection tells. */
export async function clientOf(
  url: string,
  service: string,
  channel: ChannelCredentials = clearText,
): Promise<Client> {
  const reply = await reflect(url, channel, { file_containing_symbol: service })
  const writer = protobuf.Writer.create()
  for (const file of reply.file_descriptor_response.file_descriptor_proto) writer.uint32(10).bytes(file)
  const loaded = loadFileDescriptorSetFromBuffer(Buffer.from(writer.finish()), {
    keepCase: true,
    longs: String,
    oneofs: true,
  })
  let found: GrpcObject | ServiceClientConstructor = loadPackageDefinition(loaded)
  for (const name of service.split('.')) found = (found as GrpcObject)[name] as GrpcObject
  const Constructor = found as unknown as ServiceClientConstructor
  return new Constructor(address(url), channel, channelOptions)
}

/** A map as this client writes it: @grpc/proto-loader reads the entries of a learned map as a list. */
export function parameters(values: Record<string, object>): { key: string; value: object }[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }))
}

type Methods = Record<string, (...args: unknown[]) => unknown>

const methodsOf = (client: Client) => client as unknown as Methods

/** @throws ServiceError */
export function unary(
  client: Client,
  method: string,
  request: Message,
  options: object = {},
): Promise<{ reply: Message; trailer: Metadata }> {
  return new Promise((resolve, reject) => {
    let reply: Message
    const call = methodsOf(client)[method]!(
      request,
      new Metadata(),
      options,
      (error: ServiceError | null, message: Message) => {
        if (error) reject(error)
        reply = message
      },
    ) as ClientWritableStream<Message>
    call.on('status', ({ metadata }: { metadata: Metadata }) => resolve({ reply, trailer: metadata }))
  })
}

export function serverStream(
  client: Client,
  method: string,
  request: Message,
  options: object = {},
): ClientReadableStream<Message> {
  return methodsOf(client)[method]!(request, new Metadata(), options) as ClientReadableStream<Message>
}

export function bidi(client: Client, method: string): ClientDuplexStream<Message, Message> {
  return methodsOf(client)[method]!() as ClientDuplexStream<Message, Message>
}

export function clientStream(
  client: Client,
  method: string,
): { call: ClientWritableStream<Message>; reply: Promise<Message> } {
  const { promise, resolve, reject } = Promise.withResolvers<Message>()
  const call = methodsOf(client)[method]!((error: ServiceError | null, message: Message) => {
    if (error) reject(error)
    else resolve(message)
  }) as ClientWritableStream<Message>
  return { call, reply: promise }
}
