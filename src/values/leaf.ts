/** The values that a scenario is written in, as zod schemas that also tell editors what to offer. */

import { z } from 'zod'
import { suggest } from './suggestion.ts'
import { type Parsed, parseQuantity, type Quantity, quantityPattern } from './units.ts'

/** What a leaf adds to a zod issue. */
export interface LeafFault {
  cure: string
  missing: boolean
}

/** JSON Schema's keywords, as far as they are used here. */
interface EditorHint {
  type?: string | string[]
  enum?: readonly (string | number)[]
  pattern?: string
  minimum?: number
  maximum?: number
  examples?: readonly unknown[]
  anyOf?: readonly object[]
  items?: object
  properties?: object
  required?: readonly string[]
  additionalProperties?: boolean
  minItems?: number
  maxItems?: number
}

/** A single value; `missingCure` tells how to write it where it is required and absent. */
export function leaf<T>(parse: (raw: unknown) => Parsed<T>, hint: EditorHint, missingCure = 'Add it.') {
  return z
    .unknown()
    .transform((raw, context): T => {
      const missing = raw === undefined || raw === null
      const parsed = missing
        ? { message: raw === null ? 'has no value' : 'is missing', cure: missingCure }
        : parse(raw)
      if ('value' in parsed) return parsed.value
      const params: LeafFault = { cure: parsed.cure, missing }
      context.issues.push({ code: 'custom', message: parsed.message, input: raw, params: { ...params } })
      return z.NEVER
    })
    .meta({ ...hint })
}

/** A quantity with a unit, as the number of its base unit. */
export function quantity(kind: Quantity) {
  return leaf(
    (raw) => parseQuantity(raw, kind),
    { type: 'string', pattern: quantityPattern(kind), examples: kind.examples },
    `Write it like ${kind.examples.join(', ')}.`,
  )
}

export function integer(noun: string, min: number, max: number) {
  return leaf(
    (raw): Parsed<number> =>
      typeof raw === 'number' && Number.isInteger(raw) && raw >= min && raw <= max
        ? { value: raw }
        : { message: `this is not a ${noun}`, cure: `It is a whole number from ${min} to ${max}.` },
    { type: 'integer', minimum: min, maximum: max },
    `It is a whole number from ${min} to ${max}.`,
  )
}

/** A list of whole numbers. */
export function integers(noun: string, min: number, max: number, most: number, example: string) {
  const cure = `Write it like ${example}: at most ${most} whole numbers from ${min} to ${max}.`
  return leaf(
    (raw): Parsed<number[]> => {
      const fits = (item: unknown) =>
        Number.isInteger(item) && (item as number) >= min && (item as number) <= max
      return Array.isArray(raw) && raw.length > 0 && raw.length <= most && raw.every(fits)
        ? { value: raw as number[] }
        : { message: `this is not a ${noun}`, cure }
    },
    { type: 'array', items: { type: 'integer', minimum: min, maximum: max }, minItems: 1, maxItems: most },
    cure,
  )
}

export function flag() {
  return leaf(
    (raw): Parsed<boolean> =>
      typeof raw === 'boolean'
        ? { value: raw }
        : { message: 'this is neither true nor false', cure: 'Write true or false.' },
    { type: 'boolean' },
  )
}

export function text(noun: string, examples: readonly string[] = []) {
  const [first] = examples
  // A brace in a plain text ends it inside { }: what is shown can be copied anywhere.
  const shown = first?.includes('{') ? `"${first}"` : first
  const example = shown === undefined ? 'Add it.' : `Write it like ${shown}.`
  return leaf(
    (raw): Parsed<string> => {
      // A model may be called 7: what YAML takes for a number is a name here.
      const value = typeof raw === 'number' ? String(raw) : raw
      if (typeof value !== 'string') return { message: `this is not a ${noun}`, cure: 'Write a text.' }
      return value.trim() === '' ? { message: `this ${noun} is empty`, cure: example } : { value }
    },
    { type: ['string', 'number'], ...(examples.length > 0 && { examples }) },
    example,
  )
}

/** A text, a number or a truth as it is written; nothing of a list or a mapping, which may refuse to be a text. */
export function wordOf(raw: unknown): string {
  return typeof raw === 'object' ? '' : String(raw)
}

/** One of the names that `choices` describes. */
export function oneOf<Name extends string>(noun: string, choices: Readonly<Record<Name, string>>) {
  const names = Object.keys(choices) as Name[]
  return leaf(
    (raw): Parsed<Name> => {
      const word = wordOf(raw)
      const value = names.find((name) => name === word)
      if (value !== undefined) return { value }
      const found = word.slice(0, 64)
      return { message: `there is no ${noun} \`${found}\``, cure: suggest(found, names, `choices`) }
    },
    // YAML takes `2` for a number: editors should accept what is accepted here.
    { enum: names.flatMap((name) => (Number.isNaN(Number(name)) ? [name] : [name, Number(name)])) },
    `The choices are ${names.map((name) => `\`${name}\``).join(', ')}.`,
  )
}

/** What each of the names stands for, in one sentence. */
export function choices(described: Readonly<Record<string, string>>): string {
  return Object.entries(described)
    .map(([name, says]) => `\`${name}\`: ${says}`)
    .join('; ')
}

/** One name, or a list of them. */
export function names(noun: string) {
  return leaf(
    (raw): Parsed<string[]> => {
      const value = Array.isArray(raw) ? raw : [raw]
      return value.length > 0 && value.every((name) => typeof name === 'string')
        ? { value }
        : { message: `this is neither a ${noun} nor a list of them`, cure: `Write one ${noun}, or [a, b].` }
    },
    { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }] },
  )
}
