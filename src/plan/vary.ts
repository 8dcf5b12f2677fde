/** `vary`: repeats a case for each combination of the values whose keys it has. */

import { dialect } from '../dialects/registry.ts'
import { protocol } from '../drivers/registry.ts'
import type { LoadSpec, PayloadSpec, TimeoutSpec } from '../scenario/case-schema.ts'
import type { Scenario } from '../scenario/load.ts'
import { ScenarioError } from '../scenario/problem.ts'
import {
  type Field,
  type Fields,
  LOAD_KEY_MODELS,
  type MergedLoad,
  type MergedPayload,
  payloadKeyForms,
  ROW_KEYS,
  without,
} from './merge-settings.ts'
import type { Target } from './plan.ts'
import { hasMessages, MESSAGE_KEYS } from './streams.ts'

/** A case on the way to the plan. */
export interface Draft {
  target: Target
  payload: MergedPayload
  load: MergedLoad
  timeout: Fields<TimeoutSpec>
  /** Keys that `vary` has set. */
  varied: readonly string[]
}

/** More would not fit into memory; far fewer need a person's yes already. */
const MOST_VARIANTS = 100_000

export class Variation {
  readonly #axes: { key: string; values: Field[] }[]
  readonly #scenario: Scenario
  readonly #touched = new Set<string>()
  #variants = 0

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    const vary: Record<string, readonly unknown[] | undefined> = scenario.spec.vary ?? {}
    this.#axes = scenario.varied.flatMap((key) => {
      const values = vary[key]?.map((value, index) => ({ value, path: ['vary', key, index] }))
      return values ? [{ key, values }] : []
    })
  }

  /** @throws ScenarioError where there are more combinations than a run could ever measure. */
  variantsOf(draft: Draft): Draft[] {
    const axes = this.#axes.filter(({ key }) => hasKey(draft, key))
    for (const { key } of axes) this.#touched.add(key)
    this.#variants += axes.reduce((product, { values }) => product * values.length, 1)
    if (this.#variants > MOST_VARIANTS) {
      const { source } = this.#scenario
      const message = 'the values combine to more than 100,000 cases'
      throw new ScenarioError([source.problem(['vary'], message, 'Vary fewer keys at once.')])
    }
    let variants = [draft]
    for (const { key, values } of axes) {
      variants = variants.flatMap((variant) => values.map((value) => withValue(variant, key, value)))
    }
    return variants
  }

  /** Keys that no case has had. */
  get untouched(): string[] {
    return this.#axes.map(({ key }) => key).filter((key) => !this.#touched.has(key))
  }
}

function hasKey({ target, payload, load }: Draft, dotted: string): boolean {
  const [section, key] = split(dotted)
  switch (section) {
    case 'payload':
      if ((MESSAGE_KEYS as readonly string[]).includes(key) && !hasMessages(target)) return false
      if (key === 'batch' && payload.fields.shape) return false
      return payloadKeyForms(dialect(target.api))[key as keyof PayloadSpec].includes(payload.form)
    case 'load':
      return LOAD_KEY_MODELS[key as keyof MergedLoad['fields']].includes(load.model)
    case 'target':
      return isCommon(key) ? target[key] !== null : Object.hasOwn(optionsFor(target), key)
    default:
      return true
  }
}

function withValue(draft: Draft, dotted: string, field: Field): Draft {
  const [section, key] = split(dotted)
  const varied = [...draft.varied, dotted]
  switch (section) {
    case 'payload': {
      // What is varied takes the place of what says the same in another way.
      const instead = key === 'size' ? ['shape' as const] : key === 'shape' ? ROW_KEYS : []
      const others = without(draft.payload.fields, instead)
      const fields = { ...others, [key]: field } as Fields<PayloadSpec>
      return { ...draft, varied, payload: { ...draft.payload, fields } }
    }
    case 'load': {
      const { duration, calls, ...others } = draft.load.fields
      // A round ends in one way: what is varied takes the place of what was written.
      const ends =
        key === 'calls' || key === 'duration'
          ? {}
          : { ...(duration && { duration }), ...(calls && { calls }) }
      const fields = { ...others, ...ends, [key]: field } as Fields<LoadSpec>
      return { ...draft, varied, load: { ...draft.load, fields } }
    }
    case 'target':
      return { ...draft, varied, target: withTargetValue(draft.target, key, field.value) }
    default:
      return { ...draft, varied, timeout: { ...draft.timeout, [key]: field } as Fields<TimeoutSpec> }
  }
}

/** Keys that targets of every interface have. */
function isCommon(key: string): key is 'model' | 'connection' {
  return key === 'model' || key === 'connection'
}

function optionsFor(target: Target) {
  return protocol(target.interface).options
}

function withTargetValue(target: Target, key: string, value: unknown): Target {
  if (isCommon(key)) return { ...target, [key]: value }
  // The value stands as it was written, because it may mean different things to different protocols.
  return { ...target, options: { ...target.options, [key]: optionsFor(target)[key]!.parse(value) } }
}

function split(dotted: string): [section: string, key: string] {
  const dot = dotted.indexOf('.')
  return [dotted.slice(0, dot), dotted.slice(dot + 1)]
}
