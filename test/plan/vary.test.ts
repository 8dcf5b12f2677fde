import { describe, expect, test } from 'vitest'
import { faults, plan } from '../scenario/scenario-file.ts'

const TARGETS = `targets:
  rest: { interface: rest, api: kserve-v2, url: "http://x", model: mlp }
  json: { interface: rest, api: kserve-v2, url: "http://y", model: mlp }
  chat: { interface: sse, api: openai-chat, url: "http://z" }
`

const identities = async (text: string) =>
  (await plan(TARGETS + text)).cases.map(({ name, labels }) => ({ name, labels }))
const names = async (text: string) => (await identities(text)).map(({ name }) => name)

describe('vary', () => {
  test('touches the cases that have the key, and leaves the others as they are', async () => {
    const text = 'cases: [{ target: [rest, chat] }]\nvary: { payload.size: [256B, 1KiB] }\n'
    expect(await identities(text)).toEqual([
      { name: 'rest 256B', labels: { 'payload.size': '256B' } },
      { name: 'rest 1KiB', labels: { 'payload.size': '1KiB' } },
      { name: 'chat', labels: {} },
    ])
  })

  test('combines, the first key slowest, in the order of the file', async () => {
    const text = 'cases: [{ target: rest }]\nvary: { load.concurrency: [1, 8], payload.size: [256B, 1KiB] }\n'
    expect(await names(text)).toEqual(['rest 256B ×1', 'rest 1KiB ×1', 'rest 256B ×8', 'rest 1KiB ×8'])
  })

  test('sets every kind of key', async () => {
    const text = `cases: [{ target: chat, load: { model: poisson, rate: 1/s, duration: 1s } }]
vary:
  payload.output_tokens: [64]
  load.rate: [20/s]
  load.calls: [9]
  target.http: [2]
  target.connection: [cold]
  timeout.idle: [2s]
`
    const [only] = (await plan(TARGETS + text)).cases
    expect(only).toMatchObject({
      name: 'chat',
      labels: {
        'payload.output_tokens': 64,
        'load.rate': '20/s',
        'load.calls': 9,
        'target.http': '2',
        'target.connection': 'cold',
        'timeout.idle': '2s',
      },
      payload: { form: 'tokens', promptTokens: 32, outputTokens: 64, ignoreEos: false },
      load: { ratePerSecond: 20, calls: 9, durationMs: null },
      target: { options: { http: '2' }, connection: 'cold' },
      timeouts: { idleMs: 2000 },
    })
  })

  test('checks each value as it would be checked in its place', async () => {
    expect(
      await faults(`${TARGETS}cases: [{ target: rest }]\nvary: { payload.size: [1KiB, 10B] }\n`),
    ).toContain('s.yaml:6:30: a payload of 10 bytes does not make 1 rows')
  })
})

describe('names', () => {
  test.each([
    ['cases: [{ target: rest }, { target: chat }]', ['rest', 'chat']],
    [
      'cases: [{ target: rest, payload: { encoding: json } }, { target: rest, payload: { encoding: binary } }]',
      ['rest json', 'rest binary'],
    ],
    [
      'cases: [{ target: rest }, { target: rest, load: { model: constant, rate: 20/s } }]',
      ['rest ×1', 'rest 20/s'],
    ],
    [
      'cases: [{ target: rest, load: { model: constant, rate: 20/s } }, { target: rest, load: { model: poisson, rate: 20/s } }]',
      ['rest', 'rest poisson'],
    ],
    [
      'cases: [{ target: rest, load: { duration: 1s } }, { target: rest, load: { duration: 1m } }]',
      ['rest 1s', 'rest 1m'],
    ],
    [
      'cases: [{ target: rest, load: { duration: 1s } }, { target: rest, load: { duration: 1m, concurrency: 2 } }]',
      ['rest ×1', 'rest ×2'],
    ],
    [
      'cases: [{ target: chat, payload: { text: "What is the capital of France, please?" } }, { target: chat }]',
      ['chat "What is the capital of…"', 'chat prompt 32'],
    ],
    [
      'cases: [{ target: rest }]\nvary: { load.connections: [1, 2] }',
      ['rest 1 connection', 'rest 2 connections'],
    ],
    ['cases: [{ target: [rest, json], name: small }]', ['small rest', 'small json']],
    ['cases: [{ target: rest, name: small }, { target: rest }]', ['small', 'rest']],
    [
      'cases: [{ target: rest, name: a }]\nvary: { target.connection: [cold, reused], target.compression: [none, gzip] }',
      ['a uncompressed cold', 'a gzip cold', 'a uncompressed reused', 'a gzip reused'],
    ],
    [
      'cases: [{ target: rest, load: { model: ramp, stages: [{ rate: 9/s, duration: 1s }] } }, { target: rest }]',
      ['rest ramp to 9/s', 'rest ×1'],
    ],
  ])('%s', async (text, expected) => {
    expect(await names(`${text}\n`)).toEqual(expected)
  })

  test('that would be equal are refused', async () => {
    const text = `${TARGETS}cases: [{ target: rest, name: json }, { target: json }]\n`
    expect(await faults(text)).toContain('this case would be called `json`, as another one is')
  })
})
