/** The scenario's schema in the form that editors read. */

import { z } from 'zod'
import { scenarioSchema } from './schema.ts'

/** What of JSON Schema a scenario's schema is made of. */
export interface JsonSchema {
  type?: string | string[]
  description?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  propertyNames?: JsonSchema
  items?: JsonSchema
  minItems?: number
  maxItems?: number
  anyOf?: JsonSchema[]
  enum?: (string | number)[]
  const?: string
  pattern?: string
  minimum?: number
  maximum?: number
  examples?: unknown[]
}

/** The keys as the scenario has them, without what editors must also let pass. */
export function describeScenario(): JsonSchema {
  return z.toJSONSchema(scenarioSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const { shorthand, examples } = z.globalRegistry.get(zodSchema) ?? {}
      // zod leaves the examples of what it transforms out; here they are of the text that is transformed.
      if (Array.isArray(examples)) jsonSchema.examples = examples
      if (typeof shorthand !== 'string') return
      const { description, shorthand: _, ...whole } = jsonSchema
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key]
      Object.assign(jsonSchema, { ...(description && { description }), anyOf: [{ const: shorthand }, whole] })
    },
  }) as JsonSchema
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
