/** The keys of servers' limits: what is done about a wait that was asked for, and a reader that is slow. */

import { describe, expect, test } from 'vitest'
import { faults, plan } from '../scenario/scenario-file.ts'

const TARGETS = `targets:
  rest: { interface: rest, api: raw, url: "http://x/" }
  sse: { interface: sse, api: raw, url: "http://x/" }
`

describe('retry_after', () => {
  test('is ignored where nothing is said, and a case says otherwise than the defaults', async () => {
    const silent = await plan(TARGETS)
    expect(silent.cases.map(({ retryAfter }) => retryAfter)).toEqual([undefined, undefined])
    const told = await plan(
      `${TARGETS}defaults: { retry_after: obey }\ncases: [{ target: rest }, { target: sse, retry_after: ignore }]\n`,
    )
    expect(told.cases.map(({ retryAfter }) => retryAfter)).toEqual(['obey', undefined])
  })

  test('tells cases apart', async () => {
    const { cases } = await plan(`${TARGETS}cases: [{ target: rest }, { target: rest, retry_after: obey }]\n`)
    expect(cases.map(({ name }) => name)).toEqual(['rest never waits', 'rest waits when told'])
    expect(cases.map(({ labels }) => labels)).toEqual([{ retry_after: 'ignore' }, { retry_after: 'obey' }])
  })

  test('a word that is none of the two', async () => {
    expect(await faults(`${TARGETS}defaults: { retry_after: yes }\n`)).toContain('there is no choice `yes`')
  })
})

describe('reader', () => {
  test('is for replies that stream: from defaults, and of a case, which takes its place', async () => {
    const { cases } = await plan(
      `${TARGETS}defaults: { reader: { pause: 50ms, every: 10 } }\ncases: [{ target: [rest, sse] }, { target: sse, reader: { pause: 1s } }]\n`,
    )
    expect(cases.map(({ name, reader }) => [name, reader])).toEqual([
      ['rest', undefined],
      ['sse pausing 50ms/10', { pauseMs: 50, every: 10 }],
      ['sse pausing 1s/1', { pauseMs: 1000, every: 1 }],
    ])
  })

  test('of a case whose reply comes in one piece has no meaning', async () => {
    const found = await faults(
      `${TARGETS}cases: [{ target: [rest, sse], reader: { pause: 1s } }]\nvary: { load.concurrency: [1, 2] }\n`,
    )
    const message = '`reader` has no meaning here: a reply of rest comes in one piece'
    expect(found.split(message)).toHaveLength(2)
    expect(found).toContain('  Remove it, or call something whose reply streams.')
  })

  test.each([
    ['{ every: 3 }', 'is missing'],
    ['{ pause: 0s }', 'this duration is out of range'],
    ['{ pause: 1s, every: 0 }', 'this is not a number of chunks'],
    ['{ pause: 1s, chunks: 3 }', 'chunks'],
  ])('%s', async (reader, message) => {
    expect(await faults(`${TARGETS}defaults: { reader: ${reader} }\n`)).toContain(message)
  })
})
