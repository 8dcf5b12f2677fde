// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { describeScenario, scenarioJsonSchema } from '../../src/scenario/json-schema.ts'
import type { JsonSchema } from '../../src/values/json-schema.ts'
import { REST } from './scenario-file.ts'

const scenarios = new URL('../../scenarios/', import.meta.url)
// What an editor does with the schema, done by a second reader of JSON Schema.
const editor = z.fromJSONSchema(scenarioJsonSchema() as Parameters<typeof z.fromJSONSchema>[0])
const accepts = (yaml: string) => editor.safeParse(parse(yaml)).success

test.each(readdirSync(scenarios).filter((name) => name.endsWith('.yaml')))(
  'editors accept scenarios/%s',
  (name) => {
    expect(accepts(readFileSync(new URL(name, scenarios), 'utf8'))).toBe(true)
  },
)

test.each([
  REST,
  `${REST}server: reference`,
  `${REST}server: { reference: { provider: cpu } }`,
  `${REST}seed: "\${env:SEED}"`,
  `${REST}defaults: { load: { duration: "\${env:D:-1s}" } }`,
  'targets: { a: { interface: rest, api: raw, url: http://x, http: 2 } }',
  'targets: { a: { interface: rest, api: raw, url: http://x, http: "1.1", model: 7 } }',
  `${REST}vary: { payload.size: [1KiB], load.rate: [5/s] }`,
  `${REST}thresholds: { all: { request_latency: { p99: "< 5ms" }, error_rate: "<1%" } }`,
])('editors accept %s', (yaml) => {
  expect(accepts(yaml)).toBe(true)
})

test.each([
  'name: x',
  `${REST}sede: 1`,
  `${REST}seed: many`,
  `${REST}server: other`,
  `${REST}defaults: { load: { duration: 5 } }`,
  `${REST}defaults: { load: { duration: 5 sec } }`,
  `${REST}defaults: { payload: { size: 10kb } }`,
  'targets: { a: { interface: soap, api: raw, url: http://x } }',
  `${REST}vary: { payload.size: 1KiB }`,
  `${REST}thresholds: { all: { request_latency: "< 5ms" } }`,
])('editors refuse %s', (yaml) => {
  expect(accepts(yaml)).toBe(false)
})

describe('every key', () => {
  const walk = (schema: JsonSchema, path: string): [string, JsonSchema][] => [
    ...Object.entries(schema.properties ?? {}).flatMap(([key, value]): [string, JsonSchema][] => [
      [`${path}.${key}`, value],
      ...walk(value, `${path}.${key}`),
    ]),
    ...(schema.items ? walk(schema.items, `${path}[]`) : []),
    ...(typeof schema.additionalProperties === 'object'
      ? walk(schema.additionalProperties, `${path}.*`)
      : []),
    ...(schema.anyOf ?? []).flatMap((one) => walk(one, path)),
  ]

  test('has a description', () => {
    const keys = walk(describeScenario(), '')
    expect(keys.length).toBeGreaterThan(300)
    expect(keys.filter(([, { description }]) => !description).map(([path]) => path)).toEqual([])
  })

  test('has examples that it accepts itself', () => {
    const withExamples = walk(describeScenario(), '').filter(
      ([, { examples, pattern }]) => examples && pattern,
    )
    expect(withExamples.length).toBeGreaterThan(20)
    for (const [path, { examples, pattern }] of withExamples) {
      for (const example of examples!) expect(String(example), path).toMatch(new RegExp(pattern!))
    }
  })
})
