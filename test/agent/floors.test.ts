/** Which floors are measured, and what becomes of one that cannot be; the servers are real, in their own process. */

import net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Floors, type FloorsOptions } from '../../src/agent/floors.ts'
import { IdleProcess } from '../../src/agent/idle-process.ts'
import { protocol } from '../../src/drivers/registry.ts'
import type { Case } from '../../src/plan/plan.ts'
import { caseOf } from '../contract/play.ts'

let floors: Floors | null = null

afterEach(() => floors?.close())

function over(cases: Case[], more: Partial<FloorsOptions> = {}) {
  const added: Case[] = []
  floors = new Floors({
    cases,
    env: {},
    runner: {
      addFloor: async (planned) => added.push(planned) - 1,
      round: async () => [],
    },
    certificate: async () => {
      throw new Error('no certificate')
    },
    isStopped: () => false,
    ...more,
  })
  return { floors, added }
}

function rest(name: string, more: Partial<Case> = {}, url = 'http://127.0.0.1/'): Case {
  const planned = caseOf({ target: { interface: 'rest', url, name, headers: { cookie: 'secret' } } })
  return { ...planned, name, floor: 'on', ...more }
}

function connects(url: string): Promise<boolean> {
  const socket = net.connect({ host: '127.0.0.1', port: Number(new URL(url).port) })
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  }).finally(() => socket.destroy()) as Promise<boolean>
}

test('cases alike ask once, each gets it, and their server is told nothing that is theirs', async () => {
  const cases = [rest('one'), rest('two'), rest('three', { floor: 'off' })]
  let begun = 0
  const { floors, added } = over(cases)
  const found = []
  for (const planned of cases) found.push(await floors.of(planned, null, () => begun++))
  expect(begun).toBe(1)
  expect(found[0]).not.toBeNull()
  expect(found[1]).toBe(found[0])
  expect(found[2]).toBeNull()
  // The warm-up, what is measured, and, since nothing was, a longer try.
  expect(added.map(({ target }) => new URL(target.url).hostname)).toEqual(Array(3).fill('127.0.0.1'))
  expect(added.map(({ load }) => load.durationMs)).toEqual([250, 1000, 1250])
  expect(JSON.stringify(added)).not.toContain('secret')
})

test('one that cannot be measured says why', async () => {
  const broken = async () => {
    throw new Error('the load broke')
  }
  const cases = [rest('one'), rest('safe', {}, 'https://127.0.0.1/')]
  const { floors } = over(cases, { runner: { addFloor: async () => 0, round: broken } })
  expect(await floors.of(cases[0]!, null, () => {})).toMatchObject({ reason: 'the load broke' })
  expect(await floors.of(cases[1]!, null, () => {})).toMatchObject({ reason: 'no certificate' })
})

test('none is begun after the user ended the run', async () => {
  const planned = rest('one')
  const { floors, added } = over([planned], { isStopped: () => true })
  expect(await floors.of(planned, null, () => {})).toBeNull()
  expect(added).toEqual([])
})

test('the process frees each port when its server is stopped, and all of them when it is closed', async () => {
  const idle = new IdleProcess()
  const start = () =>
    idle.start('rest', {
      api: 'raw',
      scheme: 'http:',
      options: {},
      kind: protocol('rest').kinds[0]!,
      certificate: null,
    })
  const [first, second] = [await start(), await start()]
  expect(await connects(first.url)).toBe(true)
  first.close()
  await expect.poll(() => connects(first.url)).toBe(false)
  expect(await connects(second.url)).toBe(true)
  await idle.close()
  expect(await connects(second.url)).toBe(false)
  const again = await start()
  expect(await connects(again.url)).toBe(true)
  await idle.close()
})

test('what the protocol cannot serve is an error with its reason', async () => {
  const idle = new IdleProcess()
  const asked = { api: 'raw', scheme: 'https:', options: {}, kind: 'unary' as const, certificate: null }
  await expect(idle.start('rest', asked)).rejects.toThrow(/null|certificate/)
  await idle.close()
})
