/** TensorFlow Serving's `Predict`, called by a reflection client that nobody here wrote. */

import { type Client, type GrpcObject, type ServiceClientConstructor, status } from '@grpc/grpc-js'
import { GrpcReflection } from 'grpc-js-reflection-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { address, clearText, unary } from './grpc-client.ts'
import { started } from './started.ts'

const SERVICE = 'tensorflow.serving.PredictionService'

let server: ReferenceServer
let client: Client

beforeAll(async () => {
  server = await started()
  const reflection = new GrpcReflection(address(server.grpcUrl), clearText)
  const descriptor = await reflection.getDescriptorBySymbol(SERVICE)
  let found: GrpcObject | ServiceClientConstructor = descriptor.getPackageObject({
    keepCase: true,
    longs: String,
    enums: String,
  })
  for (const name of SERVICE.split('.')) found = (found as GrpcObject)[name] as GrpcObject
  client = new (found as unknown as ServiceClientConstructor)(address(server.grpcUrl), clearText)
})
afterAll(async () => {
  client.close()
  await server.close()
})

test.each(['v1', 'v1alpha'])(
  'a reflection client (%s) finds every service and its methods',
  async (version) => {
    const reflection = new GrpcReflection(address(server.grpcUrl), clearText, {}, version)
    const services = await reflection.listServices()
    expect(services).toContain(SERVICE)
    const methods = await Promise.all(services.map((name) => reflection.listMethods(name)))
    expect(methods.flat().map(({ definition }) => (definition as { path: string }).path)).toEqual(
      expect.arrayContaining([
        `/${SERVICE}/Predict`,
        '/inference.GRPCInferenceService/ModelStreamInfer',
        '/inferbench.v1.Generation/Generate',
        '/grpc.health.v1.Health/Watch',
      ]),
    )
  },
)

const predict = (inputs: object, more: object = {}) =>
  unary(client, 'Predict', {
    model_spec: { name: 'echo', ...more },
    // A reflection client writes a map that it has learned as the list of its entries.
    inputs: Object.entries(inputs).map(([key, value]) => ({ key, value })),
  })

const shape = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size })) })
const outputOf = ({ reply }: { reply: { outputs: { key: string; value: object }[] } }) => reply.outputs[0]!

describe('every data type comes back as it came', () => {
  test.each([
    ['DT_FLOAT', 'float_val', [1.5, -2]],
    ['DT_DOUBLE', 'double_val', [0.1, 3]],
    ['DT_INT32', 'int_val', [-7, 7]],
    ['DT_UINT8', 'int_val', [0, 255]],
    ['DT_INT16', 'int_val', [-32_768, 32_767]],
    ['DT_INT8', 'int_val', [-128, 127]],
    ['DT_INT64', 'int64_val', ['-9223372036854775808', '5']],
    ['DT_BOOL', 'bool_val', [true, false]],
    ['DT_UINT16', 'int_val', [0, 65_535]],
    ['DT_UINT32', 'uint32_val', [0, 4_294_967_295]],
    ['DT_UINT64', 'uint64_val', ['1', '18446744073709551615']],
  ])('%s', async (dtype, field, values) => {
    const tensor = { dtype, tensor_shape: shape(2), [field]: values }
    expect(outputOf(await predict({ x: tensor }))).toMatchObject({
      key: 'x',
      value: { dtype, [field]: values },
    })
  })
})

test('raw content comes back raw, with the model that answered and the time that it took', async () => {
  const content = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)
  const tensor = { dtype: 'DT_FLOAT', tensor_shape: shape(2, 2), tensor_content: content }
  const told = await predict({ x: tensor }, { version: { value: 1 }, signature_name: 'serving_default' })
  expect(outputOf(told)).toMatchObject({ key: 'x', value: { tensor_content: content } })
  expect(told.reply.model_spec).toMatchObject({ name: 'echo', version: { value: '1' } })
  expect(told.trailer.get('server-timing')[0]).toMatch(/compute;dur=/)
})

const row = { dtype: 'DT_FLOAT', tensor_shape: shape(1, 2), float_val: [1, 2] }

test.each([
  ['an unknown model', { x: row }, { name: 'nope' }, status.NOT_FOUND],
  ['another version', { x: row }, { version: { value: 2 } }, status.NOT_FOUND],
  ['a labelled version', { x: row }, { version_label: 'stable' }, status.NOT_FOUND],
  ['another signature', { x: row }, { signature_name: 'train' }, status.INVALID_ARGUMENT],
  ['a type that no model takes', { x: { ...row, dtype: 'DT_STRING' } }, {}, status.INVALID_ARGUMENT],
  ['too few values', { x: { ...row, float_val: [1] } }, {}, status.INVALID_ARGUMENT],
  ['a value out of range', { x: { dtype: 'DT_UINT8', tensor_shape: shape(1), int_val: [256] } }, {}, 3],
])('%s is refused', async (_what, inputs, more, code) => {
  await expect(predict(inputs, more)).rejects.toMatchObject({ code })
})

test('no model at all, and an output that there is not', async () => {
  const inputs = [{ key: 'x', value: row }]
  await expect(unary(client, 'Predict', { inputs })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT })
  const asked = { model_spec: { name: 'echo' }, inputs, output_filter: ['y'] }
  await expect(unary(client, 'Predict', asked)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT })
  const { reply } = await unary(client, 'Predict', { ...asked, output_filter: ['x'] })
  expect(reply.outputs).toHaveLength(1)
})
