/** The scenario's schema in the form that editors read. */

import { type JsonSchema, jsonSchemaOf } from '../values/json-schema.ts'
import { scenarioSchema } from './schema.ts'

/** The keys as the scenario has them, without what editors must also let pass. */
export function describeScenario(): JsonSchema {
  return jsonSchemaOf(scenarioSchema)
}

/** JSON Schema (draft 2020-12) of a scenario. */
export function scenarioJsonSchema(): JsonSchema {
  return withShared(withTemplates(describeScenario()))
}

const SHARED_CHARACTERS = 200

/** What is there several times, such as the form of a threshold, once, in `$defs`: each editor loads the whole. */
function withShared(schema: JsonSchema): JsonSchema {
  const counts = new Map<string, number>()
  const count = (part: JsonSchema): JsonSchema => {
    const { description: _, ...rest } = part
    const text = JSON.stringify(rest)
    counts.set(text, (counts.get(text) ?? 0) + 1)
    return mapped(part, count)
  }
  count(schema)
  const names = new Map<string, string>()
  const definitions: Record<string, JsonSchema> = {}
  const share = (part: JsonSchema): JsonSchema => {
    const { description, ...rest } = part
    const text = JSON.stringify(rest)
    if (text.length < SHARED_CHARACTERS || counts.get(text) === 1) return mapped(part, share)
    let name = names.get(text)
    if (name === undefined) {
      name = `shared${names.size + 1}`
      names.set(text, name)
      definitions[name] = mapped(rest, share)
    }
    return { ...(description && { description }), $ref: `#/$defs/${name}` }
  }
  return { ...mapped(schema, share), $defs: definitions }
}

const TEMPLATE: JsonSchema = { type: 'string', pattern: '\\$\\{env:' }

/** Where a number or one of a few names is wanted, `${env:NAME}` may stand for it. */
function withTemplates(schema: JsonSchema): JsonSchema {
  const { description, ...rest } = schema
  const isOpenText = [schema.type].flat().includes('string') && schema.pattern === undefined
  const isScalar = schema.enum !== undefined || schema.pattern !== undefined || isNumberOrTruth(schema)
  if (isScalar && !isOpenText) return { ...(description && { description }), anyOf: [rest, TEMPLATE] }
  return mapped(schema, withTemplates)
}

/** With each part in it replaced by what `change` makes of it. */
function mapped(schema: JsonSchema, change: (part: JsonSchema) => JsonSchema): JsonSchema {
  const copy: JsonSchema = { ...schema }
  if (schema.items) copy.items = change(schema.items)
  if (schema.anyOf) copy.anyOf = schema.anyOf.map(change)
  if (typeof schema.additionalProperties === 'object') {
    copy.additionalProperties = change(schema.additionalProperties)
  }
  if (schema.properties) {
    copy.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([key, value]) => [key, change(value)]),
    )
  }
  return copy
}

function isNumberOrTruth({ type }: JsonSchema): boolean {
  return type === 'integer' || type === 'boolean'
}
