/**
 * Lays a case's own keys over those of `defaults`. Each value remembers where it was written, so that a problem
 * which shows only now is still told at its line.
 */

import type { Dialect } from '../dialects/dialect.ts'
import type { LoadSpec, PayloadSpec } from '../scenario/case-schema.ts'
import type { Problem } from '../scenario/problem.ts'
import type { Path, Source } from '../scenario/source.ts'
import type { Load, Payload } from './plan.ts'

/** A value, and where it was written. */
export interface Field<T = unknown> {
  value: T
  path: Path
}

export type Fields<Spec> = { [Key in keyof Spec]?: Field<NonNullable<Spec[Key]>> }

type PayloadForm = Payload['form']
export type LoadModel = Load['model']

const ANY_FORM: readonly PayloadForm[] = ['size', 'tokens', 'text', 'json', 'file', 'none']

type KeyForms = Readonly<Record<keyof PayloadSpec, readonly PayloadForm[]>>

const PAYLOAD_KEY_FORMS: KeyForms = {
  size: ['size'],
  shape: ['size'],
  prompt_tokens: ['tokens'],
  text: ['text'],
  json: ['json'],
  file: ['file'],
  output_tokens: ['tokens', 'text'],
  ignore_eos: ['tokens', 'text'],
  encoding: ['size'],
  batch: ['size'],
  tensor: ['size'],
  datatype: ['size'],
  messages: ANY_FORM,
  message_interval: ANY_FORM,
}

/** Keys that have a meaning only where a payload of a size is a tensor. */
const TENSOR_KEYS = ['shape', 'tensor', 'datatype'] as const

type Spoken = Pick<Dialect, 'name' | 'form' | 'promptKeys' | 'tensors'>

/** The forms of payload that each key belongs to where the dialect is spoken; none: it has no meaning there. */
export function payloadKeyForms({ promptKeys = [], tensors }: Spoken): KeyForms {
  const prompts = promptKeys.map((key) => [key, [...PAYLOAD_KEY_FORMS[key], 'tokens', 'text']])
  const foreign = tensors ? [] : TENSOR_KEYS.map((key) => [key, []])
  return { ...PAYLOAD_KEY_FORMS, ...Object.fromEntries([...prompts, ...foreign]) }
}

export const LOAD_KEY_MODELS: Readonly<Record<keyof Omit<LoadSpec, 'model'>, readonly LoadModel[]>> = {
  concurrency: ['closed', 'idle'],
  sessions: ['idle'],
  rate: ['constant', 'poisson'],
  start_rate: ['ramp', 'search'],
  max_rate: ['search'],
  metric: ['search'],
  below: ['search'],
  precision: ['search'],
  stages: ['ramp'],
  duration: ['closed', 'constant', 'poisson', 'search', 'idle'],
  calls: ['closed', 'constant', 'poisson'],
  warmup: ['closed', 'constant', 'poisson', 'ramp', 'search', 'idle'],
  connections: ['closed', 'constant', 'poisson', 'ramp', 'search'],
  overflow: ['closed', 'constant', 'poisson', 'ramp', 'search'],
}

export function fieldsOf<Spec extends object>(spec: Spec | undefined, path: Path): Fields<Spec> {
  const entries = Object.entries(spec ?? {}).filter(([, value]) => value !== undefined)
  const fields = entries.map(([key, value]) => [key, { value, path: [...path, key] }])
  return Object.fromEntries(fields) as Fields<Spec>
}

export interface MergedPayload {
  form: PayloadForm
  fields: Fields<PayloadSpec>
}

export function mergePayload(
  defaults: Fields<PayloadSpec>,
  own: Fields<PayloadSpec>,
  spoken: Spoken,
  telling: { source: Source; problems: Problem[] },
): MergedPayload {
  const { form: usual } = spoken
  const keyForms = payloadKeyForms(spoken)
  const defaultForms = formsOf(defaults, keyForms, telling)
  const ownForms = formsOf(own, keyForms, telling)
  const byDefault = defaultForms === null || defaultForms.includes(usual) ? usual : defaultForms[0]!
  const form = ownForms === null || ownForms.includes(byDefault) ? byDefault : ownForms[0]!
  const keys = keysOf(keyForms).filter((key) => keyForms[key].includes(form))
  const inherited = own.shape
    ? without(defaults, ROW_KEYS)
    : own.size
      ? without(defaults, ['shape'])
      : defaults
  const fields = Object.fromEntries(overlay(keys, inherited, own)) as Fields<PayloadSpec>
  refuseKeys(own, fields, spoken, telling)
  return { form, fields }
}

/** What a shape says instead. */
export const ROW_KEYS = ['size', 'batch'] as const

/** Keys that have no meaning here. What stands in the defaults is for the cases that have it. */
function refuseKeys(
  own: Fields<PayloadSpec>,
  merged: Fields<PayloadSpec>,
  { name, tensors }: Spoken,
  { source, problems }: { source: Source; problems: Problem[] },
): void {
  for (const key of TENSOR_KEYS) {
    const field = own[key]
    if (!field || tensors) continue
    const message = `\`${key}\` has no meaning here: ${name} sends no tensors`
    problems.push(source.problem(field.path, message, 'Remove it, or take another API.', 'key'))
  }
  if (merged.shape && merged.batch) {
    const message = '`batch` does not go with `shape`, whose first length is the number of rows'
    problems.push(source.problem(merged.batch.path, message, 'Remove one of the two.', 'key'))
  }
}

/** The forms that all of the keys belong to; null where there are no keys. */
function formsOf(
  fields: Fields<PayloadSpec>,
  keyForms: KeyForms,
  { source, problems }: { source: Source; problems: Problem[] },
): readonly PayloadForm[] | null {
  let forms: readonly PayloadForm[] | null = null
  let first = ''
  // The order of the table, in which the keys that tell a form come before those that go with it.
  for (const key of keysOf(keyForms)) {
    const field = fields[key]
    if (!field || keyForms[key].length === 0) continue
    const common = keyForms[key].filter((form) => forms?.includes(form) ?? true)
    if (common.length === 0) {
      const message = `\`${key}\` does not go with \`${first}\``
      problems.push(source.problem(field.path, message, 'Remove one of the two.', 'key'))
      continue
    }
    forms = common
    first ||= key
  }
  return forms
}

export interface MergedLoad {
  model: LoadModel
  fields: Fields<Omit<LoadSpec, 'model'>>
}

export function mergeLoad(
  defaults: Fields<LoadSpec>,
  own: Fields<LoadSpec>,
  { source, problems }: { source: Source; problems: Problem[] },
): MergedLoad {
  const defaultModel = defaults.model?.value ?? 'closed'
  const model = own.model?.value ?? defaultModel
  refuseForeignKeys(defaults, defaultModel, source, problems)
  refuseForeignKeys(own, model, source, problems)
  const kept = new Set<string>(['duration', 'calls', 'warmup'])
  const keys = keysOf(LOAD_KEY_MODELS).filter((key) => LOAD_KEY_MODELS[key].includes(model))
  const inherited = Object.fromEntries(
    Object.entries(defaults).filter(([key]) => model === defaultModel || kept.has(key)),
  ) as Fields<LoadSpec>
  if (own.calls) delete inherited.duration
  if (own.duration) delete inherited.calls
  return { model, fields: Object.fromEntries(overlay(keys, inherited, own)) as MergedLoad['fields'] }
}

function refuseForeignKeys(
  fields: Fields<LoadSpec>,
  model: LoadModel,
  source: Source,
  problems: Problem[],
): void {
  for (const key of keysOf(LOAD_KEY_MODELS)) {
    const field = fields[key]
    if (!field || LOAD_KEY_MODELS[key].includes(model)) continue
    const models = LOAD_KEY_MODELS[key].map((name) => `\`model: ${name}\``).join(' or ')
    const message = `${model === 'idle' ? 'an' : 'a'} ${model} load has no \`${key}\``
    problems.push(source.problem(field.path, message, `It belongs to ${models}.`, 'key'))
  }
}

export function without<Spec, Key extends keyof Spec>(
  fields: Fields<Spec>,
  keys: readonly Key[],
): Fields<Spec> {
  const kept = Object.entries(fields).filter(([key]) => !(keys as readonly string[]).includes(key))
  return Object.fromEntries(kept) as Fields<Spec>
}

function overlay<Key extends string>(
  keys: readonly Key[],
  defaults: { [K in Key]?: Field },
  own: { [K in Key]?: Field },
): [Key, Field][] {
  return keys.flatMap((key) => {
    const field = own[key] ?? defaults[key]
    return field ? [[key, field] as [Key, Field]] : []
  })
}

function keysOf<Key extends string>(table: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(table) as Key[]
}
