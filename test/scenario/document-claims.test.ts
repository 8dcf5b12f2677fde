/** Every figure of the overview has a claim, and every claim a figure. */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { makePlan } from '../../src/plan/make-plan.ts'
import { loadScenario } from '../../src/scenario/load.ts'

/** As many figures as the overview has, counted by hand. */
const FIGURES = 37

const listed = [
  ...(await readFile(new URL('../../docs/claims.md', import.meta.url), 'utf8')).matchAll(
    /^\| (\d+) \| ([^|]+) \| ([^|]+) \|$/gm,
  ),
].map(([, number, place, figure]) => ({
  number: Number(number),
  place: place!.trim(),
  figure: figure!.trim(),
}))

const file = fileURLToPath(new URL('../../scenarios/document-claims.yaml', import.meta.url))
const { claims = [] } = makePlan(await loadScenario(file, { env: {} }), { reference: null })

test('the list of figures is whole', () => {
  expect(listed.map(({ number }) => number)).toEqual(Array.from({ length: FIGURES }, (_, index) => index + 1))
  expect(new Set(listed.map(({ place, figure }) => `${place} ${figure}`)).size).toBe(FIGURES)
})

test.each(listed)('$number $place: $figure', ({ number, place }) => {
  const own = claims.filter((claim) => claim.place === `${number} ${place}`)
  expect(own).not.toEqual([])
  // What a figure says in digits, its claims expect in digits.
  for (const claim of own) expect('cannot' in claim || claim.low !== null || claim.high !== null).toBe(true)
})

test('no claim is about anything else', () => {
  const places = listed.map(({ number, place }) => `${number} ${place}`)
  expect(claims.filter(({ place }) => !places.includes(place ?? ''))).toEqual([])
})

test('what does not hold will be told with a cause, but for what nobody could doubt', () => {
  const causeless = claims.filter((claim) => !('cannot' in claim) && claim.because === undefined)
  expect(causeless.length).toBeLessThan(claims.length / 4)
})
