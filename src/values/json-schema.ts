import { z } from 'zod'

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
  $ref?: string
  $defs?: Record<string, JsonSchema>
}

/** The schema in the form that editors read, of the text that is written and not of what is made of it. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
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
