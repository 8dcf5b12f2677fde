/** The scenario's schema in the form that editors read. */

import { type JsonSchema, jsonSchemaOf } from '../values/json-schema.ts'
import { scenarioSchema } from './schema.ts'

/** The keys as the scenario has them, without what editors must also let pass. */
export function describeScenario(): JsonSchema {
  return jsonSchemaOf(scenarioSchema)
}

/** JSON Schema (draft 2020-12) of a scenario. */
export function scenarioJsonSchema(): JsonSchema {
  return withTemplates(describeScenario())
}

const TEMPLATE: JsonSchema = { type: 'string', pattern: '\\$\\{env:' }

/** Where a number or one of a few names is wanted, `${env:NAME}` may stand for it. */
function withTemplates(schema: JsonSchema): JsonSchema {
  const { description, ...rest } = schema
  const isOpenText = [schema.type].flat().includes('string') && schema.pattern === undefined
  const isScalar = schema.enum !== undefined || schema.pattern !== undefined || isNumberOrTruth(schema)
  if (isScalar && !isOpenText) return { ...(description && { description }), anyOf: [rest, TEMPLATE] }
  const copy: JsonSchema = { ...schema }
  if (schema.items) copy.items = withTemplates(schema.items)
  if (schema.anyOf) copy.anyOf = schema.anyOf.map(withTemplates)
  if (typeof schema.additionalProperties === 'object') {
    copy.additionalProperties = withTemplates(schema.additionalProperties)
  }
  if (schema.properties) {
    copy.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([key, value]) => [key, withTemplates(value)]),
    )
  }
  return copy
}

function isNumberOrTruth({ type }: JsonSchema): boolean {
  return type === 'integer' || type === 'boolean'
}
