/** Schemas of gRPC from anywhere: `.proto` files, and what a server says of itself by reflection. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import descriptors from 'protobufjs/ext/descriptor.js'
import { DecodeError, DialectError, newContent } from '../../src/dialects/dialect.ts'
import { learnedCodec } from '../../src/dialects/learned-method.ts'
import { OpenError } from '../../src/drivers/driver.ts'
import { readProtoFiles } from '../../src/drivers/grpc/proto-files.ts'
import { describedSchema } from '../../src/drivers/grpc/reflection.ts'
import { type GrpcSchema, withMethod } from '../../src/drivers/grpc/schema.ts'
import { caseOf } from '../contract/play.ts'
import { changedBytes, changedJson, changedText } from './mutation.ts'
import { type Subject, subject } from './subject.ts'

const PROTO = `syntax = "proto3";
package p;
import "google/protobuf/timestamp.proto";
enum Kind { NONE = 0; SOME = 1; }
message Node {
  oneof what { string name = 1; bytes data = 2; }
  Node next = 3;
  map<string, Node> named = 4;
  repeated sint64 numbers = 5;
  Kind kind = 6;
  optional google.protobuf.Timestamp at = 7;
  message Within { bool yes = 1; }
  Within within = 8;
}
service Tree {
  rpc Grow (Node) returns (Node);
  rpc Watch (stream Node) returns (stream Node.Within);
}
`

/** Every method of a schema can be planned, or is refused for what it is. */
function expectUsable(schema: GrpcSchema): void {
  const options = JSON.parse(schema.source)[0] === null ? { reflection: true } : { proto: ['s.proto'] }
  for (const [service, methods] of schema.services) {
    for (const name of methods.keys()) {
      const path = `/${service}/${name}`
      const { target, payload } = caseOf({
        target: { interface: 'grpc', url: 'http://h', options },
        payload: { form: 'json', json: {}, encoding: 'json', batch: 1, seed: 1, label: '' },
      })
      const planned = withMethod({ ...target, options }, path, schema)
      const learned = planned.options.learned as Parameters<typeof learnedCodec>[0]
      try {
        const codec = learnedCodec(learned, { target: planned, payload, file: null })
        codec.decodeMessage(codec.encodeMessage(), newContent())
      } catch (error) {
        if (!(error instanceof DialectError || error instanceof DecodeError)) throw error
      }
    }
  }
}

let folder = ''

const files = subject<string>({
  name: 'a .proto file',
  inputs: changedText(PROTO),
  cost: 4,
  before: () => {
    folder = mkdtempSync(join(tmpdir(), 'infer-bench-fuzz-'))
  },
  after: () => rmSync(folder, { recursive: true }),
  async holds(text) {
    writeFileSync(join(folder, 's.proto'), text)
    try {
      expectUsable(await readProtoFiles({ proto: ['s.proto'] } as never, folder))
    } catch (error) {
      if (!(error instanceof DialectError) || error.message.length > 2000) throw error
    }
  },
})

const root = new protobuf.Root()
root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')!.nested!)
protobuf.parse(PROTO, root, { keepCase: true })
root.resolveAll()
const described = (root.toDescriptor('proto3') as unknown as { file: object[] }).file.map((file) =>
  Buffer.from(descriptors.FileDescriptorProto.encode(file).finish()),
)

/** A service with a method that takes nothing: a bit of the field's number makes one of a message. */
const TAKES_NOTHING = descriptors.FileDescriptorProto.encode({
  name: 'p.proto',
  package: 'p',
  service: [{ name: 'Tree', method: [{ name: 'Grow' }] }],
}).finish()

/** A field whose name no program could have. */
const MISNAMED = descriptors.FileDescriptorProto.encode({
  name: 'p.proto',
  package: 'p',
  messageType: [{ name: 'Node', field: [{ name: '7ame', number: 1, label: 1, type: 9 }] }],
  service: [{ name: 'Tree', method: [{ name: 'Grow', inputType: '.p.Node', outputType: '.p.Node' }] }],
}).finish()

const descriptions = subject<Buffer[]>({
  name: 'a service that describes itself',
  inputs: fc.array(changedBytes(...described), { minLength: 1, maxLength: 2 }),
  examples: [[Buffer.from(TAKES_NOTHING)], [Buffer.from(MISNAMED)]],
  cost: 4,
  holds(found) {
    try {
      expectUsable(describedSchema(new protobuf.Root(), found, '[null,null,true]'))
    } catch (error) {
      if (!(error instanceof OpenError || error instanceof DialectError)) throw error
      if (error.message.length > 2000) throw error
    }
  },
})

const LEARNED = {
  kind: 'unary',
  request: 'p.Node',
  reply: 'p.Node',
  types: {
    'p.Node': {
      fields: {
        next: { type: '.p.Node', id: 1 },
        named: { keyType: 'int32', type: '.p.Node', id: 2 },
        numbers: { rule: 'repeated', type: 'sint64', id: 3 },
        kind: { type: '.p.Kind', id: 4 },
        data: { type: 'bytes', id: 5 },
        ratio: { type: 'double', id: 6 },
        is: { type: 'bool', id: 7 },
      },
    },
    'p.Kind': { values: { NONE: 0, SOME: 1 } },
  },
} as const

const payloads = subject<string>({
  name: 'a message of gRPC, written out',
  inputs: changedJson({
    next: { numbers: [1, '-9223372036854775808'], kind: 'SOME' },
    named: { 1: { data: 'aGk=' } },
    ratio: 1.5,
    is: true,
  }),
  examples: ['{"data":"a="}', '{"data":"="}', '{"data":"aGk=="}'],
  holds(text) {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      return
    }
    const payload = { form: 'json', json, encoding: 'json', batch: 1, seed: 1, label: '' } as const
    const { target } = caseOf({ target: { interface: 'grpc', url: 'http://h' } })
    try {
      const codec = learnedCodec(LEARNED as never, { target, payload, file: null })
      codec.decodeMessage(codec.encodeMessage(), newContent())
    } catch (error) {
      if (!(error instanceof DialectError)) throw error
    }
  },
})

export const schemas: Subject[] = [files, descriptions, payloads]
