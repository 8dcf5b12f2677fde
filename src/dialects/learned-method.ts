/** A method whose messages were learned from .proto files or from the server: no dialect knows them beforehand. */

import { Buffer } from 'node:buffer'
import protobuf from 'protobufjs/light.js'
import type { CallKind } from '../drivers/driver.ts'
import { type CodecOptions, DialectError } from './dialect.ts'
import type { GrpcCodec } from './grpc-face.ts'
import { decodeMessage, messageFromJson } from './protobuf.ts'

/** What a method takes and gives, as plain JSON: it is part of the plan, so a result says what was sent. */
export interface LearnedMethod {
  kind: CallKind
  /** Full names. */
  request: string
  reply: string
  /** By full name: the two messages, and all that they are made of. */
  types: Readonly<Record<string, LearnedType>>
}

/** A message or an enum as protobufjs writes it, without what is defined within it; its fields name types in full. */
export type LearnedType = Pick<protobuf.IType, 'fields' | 'oneofs'> | Pick<protobuf.IEnum, 'values'>

/** Throws `DialectError` for a payload that is no message of the method's type. */
export function learnedCodec(method: LearnedMethod, { payload, file }: CodecOptions): GrpcCodec {
  const root = protobuf.Root.fromJSON({ nested: nested(method.types) })
  const request = root.lookupType(method.request)
  const reply = root.lookupType(method.reply)
  const decoding: Pick<GrpcCodec, 'decodeMessage'> = {
    decodeMessage: (bytes, into) => {
      decodeMessage(reply, bytes)
      into.payloadBytes = bytes.byteLength
      into.tokens = 1
    },
  }
  if (payload.form === 'file') {
    // A file holds a message that someone has encoded already.
    const bytes = file ?? new Uint8Array(0)
    if (file && !decodes(request, file))
      throw new DialectError(`the file holds no ${request.name}: correct it`)
    return { ...decoding, payloadBytes: bytes.byteLength, encodeMessage: () => bytes }
  }
  if (payload.form !== 'json' && payload.form !== 'none') {
    throw new DialectError(`a payload of the form ${payload.form} is no ${request.name}`, {
      cure: 'Write the message out: payload: { json: { … } }.',
    })
  }
  const json = payload.form === 'json' ? payload.json : {}
  const message = messageFromJson(request, json, payload.form === 'json' ? ['json'] : [])
  const payloadBytes = payload.form === 'json' ? Buffer.byteLength(JSON.stringify(json)) : 0
  return { ...decoding, payloadBytes, encodeMessage: () => request.encode(message).finish() }
}

function decodes(type: protobuf.Type, bytes: Uint8Array): boolean {
  try {
    type.decode(bytes)
    return true
  } catch {
    return false
  }
}

/** Types by full name, each put where its name says. */
function nested(types: LearnedMethod['types']): Record<string, protobuf.AnyNestedObject> {
  const top: Namespace = {}
  for (const [fullName, type] of Object.entries(types)) {
    let within = top
    const names = fullName.split('.')
    for (const name of names.slice(0, -1)) {
      within[name] ??= {}
      within[name].nested ??= {}
      within = within[name].nested
    }
    const name = names.at(-1)!
    within[name] = { ...within[name], ...type }
  }
  return top as Record<string, protobuf.AnyNestedObject>
}

interface Namespace {
  [name: string]: { nested?: Namespace }
}
