import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import descriptors, { type IDescriptorProto, type IFileDescriptorSet } from 'protobufjs/ext/descriptor.js'

/** One protocol definition, ready to be served and to be told about. */
export interface ProtoFile {
  /** What reflection calls the file. */
  name: string
  services: { fullName: string; definition: ServiceDefinition }[]
  /** Full names of all that it defines: services, methods, messages, enums. */
  symbols: Set<string>
  /** A serialized `google.protobuf.FileDescriptorProto`. */
  descriptor: Buffer
}

/**
 * Reads a definition, with those of the packages that it refers to. Its text stands in a module rather than in a file, so that a build
 * needs no step of its own to bring it along.
 *
 * The messages are protobufjs's own, without the conversion to plain objects and back that @grpc/proto-loader does
 * for each: unset fields read as their defaults, bytes are parts of the received message, 64-bit integers are
 * pairs of 32 bits.
 */
export function readProto(text: string, imports: readonly string[] = []): ProtoFile {
  const root = new protobuf.Root()
  const packageOf = (one: string) => protobuf.parse(one, root, { keepCase: true }).package!
  const dependency = imports.map((one) => fileName(packageOf(one)))
  const packageName = packageOf(text)
  root.resolveAll()
  const namespace = root.lookup(packageName) as protobuf.Namespace
  const { file: files } = root.toDescriptor('proto3') as unknown as Required<IFileDescriptorSet>
  const file = files.find((one) => one.package === packageName)!
  file.name = fileName(packageName)
  file.dependency = dependency
  for (const message of file.messageType!) {
    settleNames(message, namespace.lookupType(message.name!))
  }
  return {
    name: file.name,
    services: servicesIn(namespace),
    symbols: new Set(symbolsIn(namespace)),
    descriptor: descriptors.FileDescriptorProto.encode(file).finish() as Buffer,
  }
}

function fileName(packageName: string): string {
  return `${packageName.replaceAll('.', '/')}.proto`
}

function servicesIn(namespace: protobuf.Namespace): ProtoFile['services'] {
  return namespace.nestedArray
    .filter((object) => object instanceof protobuf.Service)
    .map((service) => ({ fullName: fullName(service), definition: definitionOf(service) }))
}

function definitionOf(service: protobuf.Service): ServiceDefinition {
  return Object.fromEntries(
    service.methodsArray.map((method) => {
      const request = codec(method.resolvedRequestType!)
      const reply = codec(method.resolvedResponseType!)
      const definition: MethodDefinition<object, object> = {
        path: `/${fullName(service)}/${method.name}`,
        requestStream: method.requestStream === true,
        responseStream: method.responseStream === true,
        requestSerialize: request.serialize,
        requestDeserialize: request.deserialize,
        responseSerialize: reply.serialize,
        responseDeserialize: reply.deserialize,
      }
      return [method.name, definition]
    }),
  )
}

function codec(type: protobuf.Type) {
  // The methods compile themselves at their first call, so they are looked up at every one.
  return {
    // Shared: the writer's own bytes, which nobody else has; grpc-js copies them into its frame at once.
    serialize: (message: object) => type.encode(message).finish(true) as Buffer,
    deserialize: (bytes: Buffer) => type.decode(bytes),
  }
}

/**
 * protobufjs writes type names relative to where they stand and names a map's entry after its field; runtimes of
 * other languages expect what protoc writes: full names, and `FieldNameEntry`.
 */
function settleNames(message: IDescriptorProto, type: protobuf.Type): void {
  for (const field of message.field!) {
    const { resolvedType, map } = type.fields[field.name!]!
    if (map) {
      const entry = message.nestedType!.find(({ name }) => name === field.typeName)!
      entry.name = `${field.name!.replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase())}Entry`
      field.typeName = `${type.fullName}.${entry.name}`
      if (resolvedType) entry.field![1]!.typeName = resolvedType.fullName
    } else if (resolvedType) {
      field.typeName = resolvedType.fullName
    }
  }
  for (const nested of type.nestedArray) {
    if (!(nested instanceof protobuf.Type)) continue
    settleNames(message.nestedType!.find(({ name }) => name === nested.name)!, nested)
  }
}

function symbolsIn(namespace: protobuf.NamespaceBase): string[] {
  return namespace.nestedArray.flatMap((object) => [
    fullName(object),
    ...(object instanceof protobuf.Service ? object.methodsArray.map(fullName) : []),
    ...(object instanceof protobuf.Namespace ? symbolsIn(object) : []),
  ])
}

/** protobufjs begins full names with a dot. */
function fullName(object: protobuf.ReflectionObject): string {
  return object.fullName.slice(1)
}
