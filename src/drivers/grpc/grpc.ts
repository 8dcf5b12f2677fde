/** gRPC: calls of all four kinds on HTTP/2 connections, with grpc-js. */

import { type Dialect, DialectError } from '../../dialects/dialect.ts'
import type { GrpcCodec, GrpcFace } from '../../dialects/grpc-face.ts'
import { dialect } from '../../dialects/registry.ts'
import type { Target } from '../../plan/plan.ts'
import { formatDuration } from '../../values/units.ts'
import type { CallKind, Protocol } from '../driver.ts'
import { GRPC_OPTIONS, type GrpcOptions } from './options.ts'
import { type GrpcSchema, withMethod } from './schema.ts'

/** What a target calls. */
interface Called {
  face: GrpcFace
  /** Empty where the URL's path says it. */
  method: string
  kind: CallKind
}

function called({ api, options }: Target): Called {
  const face = faceOf(dialect(api))
  const { method, kind, proto, reflection, learned } = options as unknown as GrpcOptions
  if (proto && reflection) {
    throw new DialectError('a schema comes from files or from the server', {
      cure: 'Keep one of `proto` and `reflection`.',
      at: ['reflection'],
    })
  }
  if (!face.methods) return { face, method: method ?? '', kind: learned?.kind ?? kind ?? 'unary' }
  if (proto || reflection) {
    const key = proto ? 'proto' : 'reflection'
    const cure = `Remove \`${key}\`, or take \`api: raw\`.`
    throw new DialectError(`${api} brings the schema of its messages along`, { cure, at: [key] })
  }
  const names = Object.keys(face.methods)
  const name = method ?? names[0]!
  const found = Object.hasOwn(face.methods, name) ? face.methods[name] : undefined
  if (!found) {
    throw new DialectError(`${api} has no method ${name.slice(0, 64)}: take one of ${names.join(', ')}`)
  }
  if (kind !== undefined && kind !== found.kind) {
    throw new DialectError(`${name} is a call of the kind ${found.kind}: remove kind from the target`)
  }
  return { face, method: name, kind: found.kind }
}

function faceOf({ name, grpc: face }: Dialect): GrpcFace {
  if (!face) throw new DialectError(`${name} is not spoken over grpc`)
  return face
}

export const grpc: Protocol<GrpcCodec> = {
  name: 'grpc',
  says: 'calls of all four kinds, of messages in protocol buffers',
  schemes: ['grpc', 'grpcs', 'http', 'https'],
  reference: 'grpc',
  kinds: ['unary', 'server-stream', 'client-stream', 'bidi'],
  options: GRPC_OPTIONS,
  optionText(key, value) {
    if (key === 'compression' && value === 'none') return 'uncompressed'
    if (key === 'deadline') return `deadline ${formatDuration(Number(value))}`
    return key === 'calls_per_connection' ? `${value} calls a connection` : String(value)
  },
  stamps: {
    sent: 'a connection has room; before the message is encoded',
    encoded: 'the first message is encoded; grpc-js frames and compresses it later',
    // grpc-js knows when a stream has taken a message, and tells nobody.
    written: null,
    firstByte: 'grpc-js handed out the initial metadata',
    received: 'grpc-js handed out a message of the stream, decompressed',
    decoded: 'a message is decoded and its content read',
    lastByte: 'grpc-js handed out the status',
  },
  idleServer: async (asked) => (await import('./idle-server.ts')).startIdleServer(asked),
  idleCodec: async (codec) => (await import('./idle-server.ts')).idleCodec(codec),
  speaks: ({ grpc: face }) => face !== undefined,
  kind: (target) => called(target).kind,
  path: (target) => {
    const { face, method } = called(target)
    const service = (target.options as unknown as GrpcOptions).service ?? face.service
    if (service === null || method === '') {
      throw new DialectError(
        `${target.api} names no call: add service and method to the target, or /package.Service/Method to its url`,
      )
    }
    return `/${service}/${method}`
  },
  codec: (options) => {
    const { face, method } = called(options.target)
    return face.codec(options, method)
  },
  schemas: {
    read: async (options, directory) => {
      const { proto } = options as unknown as GrpcOptions
      if (!proto) return null
      const { readProtoFiles } = await import('./proto-files.ts')
      return readProtoFiles(options as unknown as GrpcOptions, directory)
    },
    asks: ({ options }) => (options as unknown as GrpcOptions).reflection === true,
    ask: async (...asked) => {
      const { askSchema } = await import('./ask.ts')
      return askSchema(...asked)
    },
    apply: (target, path, schema) => withMethod(target, path, schema as GrpcSchema),
  },
  driver: async (options) => {
    const { GrpcDriver } = await import('./session.ts')
    return new GrpcDriver(options, called(options.target).kind)
  },
}
