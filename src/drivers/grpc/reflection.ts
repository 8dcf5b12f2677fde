/**
 * Learns a service from the server itself.
 * https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */

import type { Buffer } from 'node:buffer'
import { type Client, type ClientDuplexStream, type Metadata, type ServiceError, status } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import descriptors, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor.js'
import { DialectError } from '../../dialects/dialect.ts'
import { suggest } from '../../values/suggestion.ts'
import { failure, OpenError } from '../driver.ts'
import { statusOutcome } from './outcome.ts'
import { addBundled } from './proto-files.ts'
import { type GrpcSchema, schemaOf } from './schema.ts'

/** The newest first; they differ in their package alone. */
const VERSIONS = ['v1', 'v1alpha'] as const
const FILE_LIMIT = 1000
const UNKNOWN_LOSS = { isOver: false, isGoingAway: false, code: '' }

const field = (type: string, id: number) => ({ type, id })
const list = (type: string, id: number) => ({ rule: 'repeated', type, id })

/** As much of the protocol as is asked here. */
const MESSAGES = protobuf.Root.fromJSON({
  nested: {
    Request: {
      oneofs: { query: { oneof: ['file_by_filename', 'file_containing_symbol', 'list_services'] } },
      fields: {
        host: field('string', 1),
        file_by_filename: field('string', 3),
        file_containing_symbol: field('string', 4),
        list_services: field('string', 7),
      },
    },
    Reply: {
      fields: { files: field('Files', 4), services: field('Services', 6), error: field('Fault', 7) },
    },
    Files: { fields: { file_descriptor_proto: list('bytes', 1) } },
    Services: { fields: { service: list('Service', 1) } },
    Service: { fields: { name: field('string', 1) } },
    Fault: { fields: { error_code: field('int32', 1), error_message: field('string', 2) } },
  },
})
const REQUEST = MESSAGES.lookupType('Request')
const REPLY = MESSAGES.lookupType('Reply')

type Query = { file_by_filename: string } | { file_containing_symbol: string } | { list_services: string }

interface Reply {
  files: { file_descriptor_proto: Uint8Array[] } | null
  services: { service: { name: string }[] } | null
  error: { error_code: number; error_message: string } | null
}

export interface ReflectionOptions {
  client: Client
  metadata: Metadata
  /** Full name of what to learn. */
  service: string
  /** Key of the target that names it. */
  key: 'service' | 'url'
  source: string
}

/**
 * The service as the server describes it. Throws `OpenError` where the server cannot be asked, and `DialectError` where
 * it does not tell, or does not have the service.
 */
export async function reflect(options: ReflectionOptions): Promise<GrpcSchema> {
  for (const version of VERSIONS) {
    const questions = new Questions(options, version)
    try {
      return await learn(options, questions)
    } catch (error) {
      const { code } = error as ServiceError
      if (code === status.UNIMPLEMENTED) continue
      if (typeof code !== 'number') throw error
      throw new OpenError(statusOutcome(error as ServiceError, false, UNKNOWN_LOSS))
    } finally {
      questions.close()
    }
  }
  throw new DialectError('the server does not describe itself: its reflection is off', {
    cure: 'Turn it on there, or name the files that describe the service: `proto: service.proto`.',
    at: ['reflection'],
  })
}

async function learn({ service, key, source }: ReflectionOptions, questions: Questions): Promise<GrpcSchema> {
  const first = await questions.ask({ file_containing_symbol: service })
  if (first.error) {
    const told = await questions.ask({ list_services: '*' })
    const names = (told.services?.service ?? []).map(({ name }) => name)
    const message = `the server has no service \`${service.slice(0, 128)}\``
    throw new DialectError(message, { cure: suggest(service, names, 'services'), at: [key] })
  }
  const root = new protobuf.Root()
  const files = new Map<string, Uint8Array>()
  const missing = new Set<string>()
  const take = ({ files: found }: Reply): void => {
    for (const bytes of found?.file_descriptor_proto ?? []) {
      const file = describedFile(bytes)
      files.set(file.name ?? '', bytes)
      for (const name of file.dependency ?? []) missing.add(name)
    }
  }
  take(first)
  for (const name of missing) {
    if (files.has(name)) continue
    if (missing.size > FILE_LIMIT) throw garbled(`more than ${FILE_LIMIT} files`)
    const reply = await questions.ask({ file_by_filename: name })
    // Not every server tells of what every compiler brings along.
    if (reply.error && !addBundled(root, name)) throw garbled(`no file ${name.slice(0, 128)}`)
    take(reply)
  }
  return describedSchema(root, [...files.values()], source)
}

/**
 * The schema that serialized files describe, beside what `root` has already. Throws `OpenError` for what is none.
 */
export function describedSchema(
  root: protobuf.Root,
  files: readonly Uint8Array[],
  source: string,
): GrpcSchema {
  const file = files.map(describedFile)
  try {
    const described = protobuf.Root.fromDescriptor({ file }, { keepCase: true })
    const nested = described.toJSON({ keepComments: false }).nested ?? {}
    checkNames({ nested })
    root.addJSON(nested)
    return schemaOf(root, source)
  } catch (error) {
    throw garbled((error as Error).message)
  }
}

/** Where a description has names in it: a type's parts, an enum's values, a service's methods. */
const NAMED = ['nested', 'fields', 'oneofs', 'values', 'methods'] as const

/** Only what a .proto file could have called so: protobufjs writes programs in which these names stand. */
function checkNames(described: Partial<Record<(typeof NAMED)[number], object>>): void {
  for (const part of NAMED) {
    for (const [name, inner] of Object.entries(described[part] ?? {})) {
      if (!/^[a-z_]\w*$/i.test(name)) throw new Error(`the name ${JSON.stringify(name.slice(0, 64))}`)
      if (part === 'nested') checkNames(inner)
    }
  }
}

function describedFile(bytes: Uint8Array): IFileDescriptorProto {
  try {
    return descriptors.FileDescriptorProto.decode(bytes) as IFileDescriptorProto
  } catch (error) {
    throw garbled((error as Error).message)
  }
}

/** The server's fault: it cannot be told at a place of the scenario. */
function garbled(why: string): OpenError {
  return new OpenError(failure('setup', 'decode', '', `its reflection tells ${why}`))
}

/** One stream of questions, answered in their order. */
class Questions {
  readonly #stream: ClientDuplexStream<Buffer, Buffer>
  #waiting: PromiseWithResolvers<Reply> | null = null
  #failure: unknown = null

  constructor({ client, metadata }: ReflectionOptions, version: string) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`
    const identity = (message: Buffer) => message
    this.#stream = client.makeBidiStreamRequest(path, identity, identity, metadata)
    this.#stream.on('data', (bytes: Buffer) => this.#answer(bytes))
    this.#stream.on('error', (error) => this.#fail(error))
    this.#stream.on('end', () => this.#fail(garbled('nothing')))
  }

  async ask(query: Query): Promise<Reply> {
    if (this.#failure) throw this.#failure
    this.#waiting = Promise.withResolvers()
    this.#stream.write(REQUEST.encode(REQUEST.fromObject({ host: '', ...query })).finish() as Buffer)
    return this.#waiting.promise
  }

  close(): void {
    this.#failure ??= garbled('nothing more')
    this.#stream.cancel()
  }

  #answer(bytes: Buffer): void {
    try {
      this.#waiting?.resolve(REPLY.decode(bytes) as unknown as Reply)
    } catch (error) {
      this.#fail(garbled((error as Error).message))
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#waiting?.reject(this.#failure)
  }
}
