/**
 * The keys of a target that have a meaning for some interfaces only. The schema lets anything stand there, because
 * one key may mean different things to different protocols; then each protocol's own shape checks what is there.
 */

import { z } from 'zod'
import type { Protocol } from '../drivers/driver.ts'
import { PROTOCOLS } from '../drivers/registry.ts'
import { jsonSchemaOf } from '../values/json-schema.ts'
import { listed } from '../values/suggestion.ts'

/** For the schema: every key that some protocol knows. */
export const optionKeys: Readonly<Record<string, z.ZodOptional<z.ZodUnknown>>> = Object.fromEntries(
  [...new Set(PROTOCOLS.flatMap(({ options }) => Object.keys(options)))].map((key) => [key, openKey(key)]),
)

/** Anything, with the description of what each protocol takes there. */
function openKey(key: string) {
  const shapes = Map.groupBy(knowing(key), ({ options }) => options[key]!)
  const rows = Array.from(shapes, ([shape, protocols]) => {
    const { $schema: _, default: __, description, ...hint } = jsonSchemaOf(shape) as Record<string, unknown>
    const names = protocols.map(({ name }) => `\`${name}\``).join(', ')
    return { hint, says: `${names}: ${description}` }
  })
  const hint = rows.length === 1 ? rows[0]!.hint : { anyOf: rows.map((row) => row.hint) }
  return z
    .unknown()
    .meta(hint)
    .optional()
    .describe(rows.map(({ says }) => says).join(' '))
}

function knowing(key: string): readonly Protocol[] {
  return PROTOCOLS.filter(({ options }) => Object.hasOwn(options, key))
}

type Path = (string | number)[]

export interface OptionFaults {
  /** What the protocols' own shapes find. */
  issues: z.core.$ZodIssue[]
  foreign: { path: Path; message: string; cure: string }[]
}

/** Checks the protocols' own keys in a tree whose shape may be wrong otherwise. */
export function optionFaults(tree: unknown): OptionFaults {
  const faults: OptionFaults = { issues: [], foreign: [] }
  const targets = Object.entries(mapping(mapping(tree).targets))
  const used = new Set<Protocol>()
  for (const [name, raw] of targets) {
    const target = mapping(raw)
    const protocol = PROTOCOLS.find((candidate) => candidate.name === target.interface)
    if (!protocol) continue
    used.add(protocol)
    for (const key of Object.keys(optionKeys)) {
      if (!Object.hasOwn(target, key)) continue
      const path = ['targets', name, key]
      if (Object.hasOwn(protocol.options, key)) check(protocol.options[key]!, target[key], path, faults)
      else faults.foreign.push({ path, ...foreignKey(key, protocol) })
    }
  }
  for (const key of Object.keys(optionKeys)) {
    const values = mapping(mapping(tree).vary)[`target.${key}`]
    if (!Array.isArray(values)) continue
    const users = knowing(key).filter((protocol) => used.has(protocol))
    const shapes = new Set((users.length > 0 ? users : knowing(key)).map(({ options }) => options[key]!))
    for (const [index, value] of values.entries()) {
      for (const shape of shapes) check(shape, value, ['vary', `target.${key}`, index], faults)
    }
  }
  return faults
}

/** The protocol's own keys of a target without faults, every default applied. */
export function optionsOf(interfaceName: string, target: Readonly<Record<string, unknown>>) {
  const protocol = PROTOCOLS.find(({ name }) => name === interfaceName)
  return z.object(protocol?.options ?? {}).parse(target)
}

function check(shape: z.ZodType, value: unknown, path: Path, faults: OptionFaults): void {
  const parsed = shape.safeParse(value)
  for (const issue of parsed.error?.issues ?? []) {
    faults.issues.push({ ...issue, path: [...path, ...issue.path] })
  }
}

function foreignKey(key: string, { name }: Protocol): { message: string; cure: string } {
  const names = knowing(key).map((protocol) => protocol.name)
  return {
    message: `\`${key}\` has no meaning for ${name}`,
    cure: `Remove it: it is for ${listed(names)}.`,
  }
}

function mapping(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}
