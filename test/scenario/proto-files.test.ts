/** Schemas that come from .proto files: what is read of them, and what is said of those that cannot be used. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makePlan } from '../../src/plan/make-plan.ts'
import { loadScenario } from '../../src/scenario/load.ts'
import { ScenarioError } from '../../src/scenario/problem.ts'
import { temporaryFolder } from '../e2e/cli.ts'

const PROTO = `
syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
import "types/item.proto";
service Shop {
  rpc Buy(Order) returns (Receipt);
  rpc Watch(Order) returns (stream Receipt);
  rpc Fill(stream Item) returns (Receipt);
  rpc Talk(stream Item) returns (stream Item);
}
message Order {
  string id = 1;
  repeated Item items = 2;
  map<int32, Item> shelf = 3;
  oneof pay { bool cash = 4; bytes card = 5; }
  google.protobuf.Timestamp at = 6;
  int64 total = 7;
  optional uint32 count = 8;
  double rate = 9;
}
message Receipt { string id = 1; }
message Unused { string id = 1; }
`
const ITEM = `
syntax = "proto3";
package shop.v1;
message Item {
  enum Size { SIZE_UNKNOWN = 0; SMALL = 1; }
  Size size = 1;
  repeated float weights = 2;
}
`
const FILES = { 'shop.proto': PROTO, 'types/item.proto': ITEM }

async function planOf(yaml: string, files: Record<string, string> = FILES) {
  const folder = await temporaryFolder()
  for (const [name, text] of Object.entries({ 's.yaml': yaml, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return makePlan(await loadScenario(join(folder, 's.yaml'), { env: {} }), { reference: null })
}

async function faultsOf(yaml: string, files?: Record<string, string>): Promise<string> {
  try {
    await planOf(yaml, files)
  } catch (error) {
    if (error instanceof ScenarioError) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

const target = (more: string) =>
  `targets: { a: { interface: grpc, api: raw, url: "grpc://x:1", proto: shop.proto, ${more} } }\n`
const BUY = target('service: shop.v1.Shop, method: Buy')
const sends = (json: string) => `${BUY}cases: [{ target: a, payload: { json: ${json} } }]\n`

test('the plan holds what its call is made of, and nothing else', async () => {
  const { cases } = await planOf(sends('{ id: x }'))
  expect(cases[0]!.target.options.learned).toMatchObject({
    kind: 'unary',
    request: 'shop.v1.Order',
    reply: 'shop.v1.Receipt',
  })
  const { types } = cases[0]!.target.options.learned as { types: object }
  expect(Object.keys(types).sort()).toEqual([
    'google.protobuf.Timestamp',
    'shop.v1.Item',
    'shop.v1.Item.Size',
    'shop.v1.Order',
    'shop.v1.Receipt',
  ])
})

test.each([
  ['Buy', 'unary'],
  ['Watch', 'server-stream'],
  ['Fill', 'client-stream'],
  ['Talk', 'bidi'],
])('%s is a call of the kind %s', async (method, kind) => {
  const { cases } = await planOf(`${target(`service: shop.v1.Shop, method: ${method}`)}`)
  expect(cases[0]!.target.options.learned).toMatchObject({ kind })
})

test('the call may stand in the URL, and a method may vary', async () => {
  const byUrl = await planOf(
    'targets: { a: { interface: grpc, api: raw, url: "grpc://x:1/shop.v1.Shop/Watch", proto: [shop.proto] } }\n',
  )
  expect(byUrl.cases[0]!.target.options.learned).toMatchObject({ kind: 'server-stream' })
  const varied = await planOf(`${BUY}vary: { target.method: [Buy, Watch] }\n`)
  expect(varied.cases.map((one) => (one.target.options.learned as { kind: string }).kind)).toEqual([
    'unary',
    'server-stream',
  ])
})

test('messages may vary where the schema says that the client streams', async () => {
  const fill = target('service: shop.v1.Shop, method: Fill')
  const { cases } = await planOf(`${fill}vary: { payload.messages: [1, 5] }\n`)
  expect(cases.map(({ payload }) => payload.messages)).toEqual([1, 5])
})

test('imports are looked for in the folders that the scenario names', async () => {
  const files = { 'apis/shop.proto': PROTO, 'vendor/types/item.proto': ITEM }
  const yaml = BUY.replace('shop.proto', 'apis/shop.proto, import_paths: vendor')
  expect((await planOf(yaml, files)).cases).toHaveLength(1)
})

test('custom options of the well-known kind do no harm', async () => {
  const options = `import "google/protobuf/descriptor.proto";
    extend google.protobuf.MethodOptions { string route = 50001; }
    message Item { string id = 1; }`
  const files = { ...FILES, 'types/item.proto': `syntax = "proto3"; package shop.v1; ${options}` }
  expect((await planOf(BUY, files)).cases).toHaveLength(1)
})

test('a message that fits: names or numbers of enums, 64-bit integers as texts, base64', async () => {
  const { cases } = await planOf(
    sends(
      '{ items: [{ size: SMALL }, { size: 0, weights: [1, 2.5] }], shelf: { 7: {} }, card: aGk=, total: "-9" }',
    ),
  )
  expect(cases).toHaveLength(1)
})

describe('a message that does not fit its type is told at its place', () => {
  test.each([
    ['{ idd: x }', 's.yaml:2:46: Order has no field `idd`', 'Did you mean `id`?'],
    ['[1]', 's.yaml:2:33: this is no Order', 'Write its fields and their values.'],
    ['{ id: 7 }', 's.yaml:2:45: this is no string', 'Write a text.'],
    ['{ items: {} }', 's.yaml:2:41: this is no list', 'Write [a, b].'],
    [
      '{ items: [{ size: TINY }] }',
      's.yaml:2:57: Size has no value `TINY`',
      'The values are `SIZE_UNKNOWN`, `SMALL`.',
    ],
    ['{ items: [{ weights: [x] }] }', 's.yaml:2:61: this is no float', 'Write a number.'],
    ['{ shelf: { a: {} } }', 'this key is no int32', 'Correct it.'],
    ['{ cash: true, card: aGk= }', 's.yaml:2:59: either `cash` or `card` is set', 'Keep one of the two.'],
    ['{ card: "%" }', 's.yaml:2:47: this is no bytes', 'Write the bytes in base64.'],
    ['{ count: -1 }', 's.yaml:2:48: this is no uint32', 'Write a whole number from 0 to 4294967295.'],
    ['{ total: 1.5 }', 's.yaml:2:48: this is no int64', 'Write a whole number from -9223372036854775808'],
    ['{ at: { seconds: x } }', 's.yaml:2:56: this is no int64', ''],
    ['{ cash: 1 }', 's.yaml:2:47: this is no bool', 'Write true or false.'],
  ])('%s', async (json, message, cure) => {
    const found = await faultsOf(sends(json))
    expect(found).toContain(message)
    expect(found).toContain(cure)
  })

  test('a payload that is no message', async () => {
    const found = await faultsOf(`${BUY}cases: [{ target: a, payload: { size: 1KiB } }]\n`)
    expect(found).toContain('a payload of the form size is no Order')
    expect(found).toContain('Write the message out: payload: { json: { … } }.')
  })
})

describe('a schema that cannot be used is told at its key', () => {
  test.each([
    ['no such file', BUY.replace('shop.proto', 'shpo.proto'), FILES, ['there is no such file']],
    [
      'a proto that does not parse',
      BUY,
      { ...FILES, 'shop.proto': 'syntax = "proto3";\nmessage {' },
      ["shop.proto does not parse: illegal type name '{' (line 2)", 'Correct it.'],
    ],
    [
      'an import that is not found',
      BUY,
      { 'shop.proto': PROTO },
      ['shop.proto imports types/item.proto, which is not found', 'import_paths'],
    ],
    [
      'a type that nobody defines',
      BUY,
      { ...FILES, 'types/item.proto': 'syntax = "proto3";' },
      ['this schema is not whole', 'Name the missing file, too.'],
    ],
    [
      'no such folder',
      BUY.replace('shop.proto,', 'shop.proto, import_paths: [nowhere],'),
      FILES,
      ['there is no such folder'],
    ],
    [
      'a service that is not in it',
      target('service: shop.v1.Shp, method: Buy'),
      FILES,
      ['the schema has no service `shop.v1.Shp`', 'Did you mean `shop.v1.Shop`?'],
    ],
    [
      'a method that is not in it',
      target('service: shop.v1.Shop, method: Buyy'),
      FILES,
      ['shop.v1.Shop has no method `Buyy`', 'Did you mean `Buy`?'],
    ],
    [
      'a kind that is not the method’s',
      target('service: shop.v1.Shop, method: Buy, kind: bidi'),
      FILES,
      ['Buy is a call of the kind unary', 'Remove `kind`, or correct it.'],
    ],
    [
      'files and the server',
      target('service: shop.v1.Shop, method: Buy, reflection: true'),
      FILES,
      ['Keep one of'],
    ],
    [
      'an API that has its own',
      'targets: { a: { interface: grpc, api: kserve-v2, model: m, url: "grpc://x:1", proto: shop.proto } }\n',
      FILES,
      ['kserve-v2 brings the schema of its messages along', 'Remove `proto`, or take `api: raw`.'],
    ],
    [
      'a schema that varies',
      `${BUY}vary: { target.proto: [[shop.proto], [types/item.proto]] }\n`,
      FILES,
      ['a schema cannot vary'],
    ],
  ])('%s', async (_what, yaml, files, expected) => {
    const found = await faultsOf(yaml, files as Record<string, string>)
    expect(found).toMatch(/^\S*s\.yaml:\d+:\d+: /)
    for (const text of expected) expect(found).toContain(text)
  })
})
