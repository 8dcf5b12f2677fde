/** No server, however broken, can crash, hang or fool the tool. */

import { beforeAll, describe, expect, test } from 'vitest'
import { PROTOCOLS } from '../../src/drivers/registry.ts'
import { bearAll } from '../faults/bear.ts'
import { faultsOn } from '../faults/faults.ts'
import type { Borne } from '../faults/matrix.ts'
import { WAYS } from '../faults/ways.ts'

const FEWEST_KINDS = 12

test.each(PROTOCOLS)('$name meets enough kinds of faults', ({ name }) => {
  const kinds = WAYS.filter(({ of }) => of === name).flatMap(faultsOn)
  expect(new Set(kinds.map((fault) => fault.name)).size).toBeGreaterThanOrEqual(FEWEST_KINDS)
  // Some of them are of the protocol itself, and not of what carries it.
  expect(kinds.some(({ of }) => of !== 'any')).toBe(true)
})

test('no two faults of a way have one name', () => {
  for (const way of WAYS) {
    const names = faultsOn(way).map(({ name }) => name)
    expect(names, way.name).toEqual([...new Set(names)])
  }
})

describe('each fault ends with its class, its count and its time, within the memory that it may take', () => {
  let borne: ReadonlyMap<string, Promise<Borne>>

  beforeAll(() => {
    borne = bearAll()
  })

  test.each(WAYS)(
    '$name',
    async (way) => {
      const { cells, wrongs } = await borne.get(way.name)!
      expect(wrongs).toEqual([])
      expect(cells.length).toBeGreaterThan(faultsOn(way).length)
    },
    600_000,
  )
})
