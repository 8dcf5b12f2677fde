/** Tensors that cannot be, told at their line; and what is made of those that can. */

import { describe, expect, test } from 'vitest'
import { CHAT, type Fault, faults, plan, REST } from './scenario-file.ts'

const RAW = 'targets: { raw: { interface: rest, api: raw, url: "http://x/" } }\n'

const FAULTS: Fault[] = [
  {
    name: 'a datatype that does not exist',
    text: `${REST}defaults: { payload: { size: 1KiB, datatype: FLOAT32 } }\n`,
    says: [
      's.yaml:2:46: there is no datatype `FLOAT32`',
      '    defaults: { payload: { size: 1KiB, datatype: FLOAT32 } }',
      '                                                 ^^^^^^^',
      '  The choices are `BOOL`, `UINT8`, `UINT16`, `UINT32`, `UINT64`, `INT8`, `INT16`, `INT32`, `INT64`, `FP16`, `FP32`, `FP64`.',
    ],
  },
  {
    name: 'a datatype in another case',
    text: `${REST}defaults: { payload: { size: 1KiB, datatype: int16 } }\n`,
    says: [
      's.yaml:2:46: there is no datatype `int16`',
      '    defaults: { payload: { size: 1KiB, datatype: int16 } }',
      '                                                 ^^^^^',
      '  Did you mean `INT16`?',
    ],
  },
  {
    name: 'a size that is no whole number of its elements',
    text: `${REST}defaults: { payload: { datatype: INT64, size: 1020B } }\n`,
    says: [
      's.yaml:2:47: a payload of 1020 bytes does not make 1 rows of INT64 numbers',
      '    defaults: { payload: { datatype: INT64, size: 1020B } }',
      '                                                  ^^^^^',
      '  Take a multiple of 8 bytes.',
    ],
  },
  {
    name: 'numbers of half precision in a list of gRPC',
    text: 'targets: { g: { interface: grpc, api: kserve-v2, url: "grpc://x", model: m } }\ndefaults: { payload: { datatype: FP16 } }\n',
    says: [
      's.yaml:2:34: gRPC has no list for numbers of FP16',
      '    defaults: { payload: { datatype: FP16 } }',
      '                                     ^^^^',
      '  Add encoding: binary to the payload.',
    ],
  },
  {
    name: 'a name without a character',
    text: `${REST}defaults: { payload: { size: 1KiB, tensor: "" } }\n`,
    says: [
      's.yaml:2:44: this name of a tensor is empty',
      '    defaults: { payload: { size: 1KiB, tensor: "" } }',
      '                                               ^^',
      '  Write it like audio.',
    ],
  },
  {
    name: 'a name that breaks a form',
    text: `${REST}defaults:\n  payload: { encoding: multipart, tensor: request }\n`,
    says: [
      's.yaml:3:43: no part of a form can be called so',
      '      payload: { encoding: multipart, tensor: request }',
      '                                              ^^^^^^^',
      '  Give the tensor another name, or take encoding: binary.',
    ],
  },
  {
    name: 'a shape that is none',
    text: `${REST}defaults: { payload: { shape: [1, -1] } }\n`,
    says: [
      's.yaml:2:24: this is not a shape',
      '    defaults: { payload: { shape: [1, -1] } }',
      '                           ^^^^^',
      '  Write it like [1, 3, 224, 224]: at most 32 whole numbers from 1 to 268435456.',
    ],
  },
  {
    name: 'a shape that no payload can fill',
    text: `${REST}defaults: { payload: { shape: [100000, 100000] } }\n`,
    says: [
      's.yaml:2:24: a tensor of this shape has 40000000000 bytes',
      '    defaults: { payload: { shape: [100000, 100000] } }',
      '                           ^^^^^',
      '  A payload is from 1B to 256MiB.',
    ],
  },
  {
    name: 'a shape and a size',
    text: `${REST}defaults: { payload: { shape: [1, 4], size: 16B } }\n`,
    says: [
      's.yaml:2:24: a payload is either `size` or `shape`',
      '    defaults: { payload: { shape: [1, 4], size: 16B } }',
      '                           ^^^^^',
      '  Keep one of the two.',
    ],
  },
  {
    name: 'a shape and a batch',
    text: `${REST}defaults: { payload: { shape: [2, 4] } }\ncases: [{ target: rest, payload: { batch: 2 } }]\n`,
    says: [
      's.yaml:3:36: `batch` does not go with `shape`, whose first length is the number of rows',
      '    cases: [{ target: rest, payload: { batch: 2 } }]',
      '                                       ^^^^^',
      '  Remove one of the two.',
    ],
  },
  {
    name: 'a tensor of an API that sends none',
    text: `${RAW}cases: [{ target: raw, payload: { size: 1KiB, tensor: audio } }]\n`,
    says: [
      's.yaml:2:47: `tensor` has no meaning here: raw sends no tensors',
      '    cases: [{ target: raw, payload: { size: 1KiB, tensor: audio } }]',
      '                                                  ^^^^^^',
      '  Remove it, or take another API.',
    ],
  },
  {
    name: 'a shape of a prompt',
    text: `${CHAT}cases: [{ target: chat, payload: { shape: [1, 4] } }]\n`,
    says: [
      's.yaml:2:36: `shape` has no meaning here: openai-chat sends no tensors',
      '    cases: [{ target: chat, payload: { shape: [1, 4] } }]',
      '                                       ^^^^^',
      '  Remove it, or take another API.',
    ],
  },
  {
    name: 'a batch that is varied where a shape says it',
    text: `${REST}defaults: { payload: { shape: [2, 4] } }\nvary: { payload.batch: [1, 2] }\n`,
    says: [
      's.yaml:3:9: no case has `payload.batch`',
      '    vary: { payload.batch: [1, 2] }',
      '            ^^^^^^^^^^^^^',
      '  It touches cases whose payload or load is of a kind that has it.',
    ],
  },
]

test.each(FAULTS)('$name', async ({ text, given, says }) => {
  expect((await faults(text, given)).split('\n')).toEqual(says)
})

describe('what is made of a tensor', () => {
  const payloads = async (text: string) =>
    (await plan(text)).cases.map(({ name, payload }) => ({ name, payload }))

  test('its size follows from its shape and its datatype', async () => {
    const payload = '{ tensor: INPUT0, datatype: UINT8, shape: [1, 3, 224, 224], encoding: binary }'
    expect(await payloads(`${REST}defaults: { payload: ${payload} }\n`)).toMatchObject([
      {
        name: 'rest',
        payload: {
          form: 'size',
          byteCount: 3 * 224 * 224,
          tensor: 'INPUT0',
          datatype: 'UINT8',
          shape: [1, 3, 224, 224],
        },
      },
    ])
  })

  test('a case’s own size takes the place of a default shape, and the other way round', async () => {
    const shaped = `${REST}defaults: { payload: { shape: [2, 8] } }\ncases: [{ target: rest, payload: { size: 1KiB } }]\n`
    const [sized] = await payloads(shaped)
    expect(sized!.payload).toMatchObject({ byteCount: 1024 })
    expect(sized!.payload).not.toHaveProperty('shape')
    const batched = `${REST}defaults: { payload: { size: 1KiB, batch: 4 } }\ncases: [{ target: rest, payload: { shape: [2, 8] } }]\n`
    expect(await payloads(batched)).toMatchObject([{ payload: { byteCount: 64, batch: 1, shape: [2, 8] } }])
  })

  test('names, datatypes and shapes can be varied, and tell cases apart', async () => {
    const text = `${REST}vary: { payload.shape: [[1, 8], [4, 8]], payload.datatype: [FP32, INT64] }\n`
    expect((await payloads(text)).map(({ name }) => name)).toEqual([
      'rest 32B 1×8 FP32',
      'rest 64B 1×8 INT64',
      'rest 128B 4×8 FP32',
      'rest 256B 4×8 INT64',
    ])
    const sizes = `${REST}defaults: { payload: { shape: [2, 8] } }\nvary: { payload.size: [1KiB, 2KiB] }\n`
    expect((await payloads(sizes)).map(({ name }) => name)).toEqual(['rest 1KiB', 'rest 2KiB'])
  })

  test('of defaults, an API that sends none takes nothing', async () => {
    const both = RAW.replace(
      'targets: {',
      'targets: { rest: { interface: rest, api: kserve-v2, url: "http://x", model: m },',
    )
    const text = `${both}defaults: { payload: { tensor: audio, datatype: INT16 } }\ncases: [{ target: [rest, raw] }]\n`
    expect(await payloads(text)).toMatchObject([
      { name: 'rest', payload: { form: 'size', tensor: 'audio' } },
      { name: 'raw', payload: { form: 'none' } },
    ])
  })
})
