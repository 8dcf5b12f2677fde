import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { makePlan } from '../../src/plan/make-plan.ts'
import { estimateMs } from '../../src/plan/select.ts'
import { loadScenario } from '../../src/scenario/load.ts'

const folder = fileURLToPath(new URL('../../scenarios/', import.meta.url))

describe.each(readdirSync(folder).filter((name) => name.endsWith('.yaml')))('scenarios/%s', (name) => {
  test('names the schema for editors, and then opens with the question it answers', () => {
    const [first, second] = readFileSync(folder + name, 'utf8').split('\n')
    expect(first).toBe('# yaml-language-server: $schema=../dist/scenario.schema.json')
    expect(second).toMatch(/^# [A-Z].*\?$/)
  })

  test('can be run as it stands, under its own name', async () => {
    const scenario = await loadScenario(folder + name, { env: {} })
    expect(`${scenario.name}.yaml`).toBe(name)
    expect(makePlan(scenario, { reference: null }).cases.length).toBeGreaterThan(0)
  })
})

test('the quickstart is quick', async () => {
  const scenario = await loadScenario(`${folder}quickstart.yaml`, { env: {} })
  expect(estimateMs(makePlan(scenario, { reference: null }))).toBeLessThanOrEqual(40_000)
})
