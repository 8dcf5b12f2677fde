/** What the matrix must know of the plan that a result ran; another version's plan may differ, so it is read with care. */

import { z } from 'zod'
import type { CaseResult, Result } from '../../result/document.ts'

const object = z.record(z.string(), z.unknown())

const plannedSchema = z.object({ name: z.string(), target: object, payload: object })

const planSchema = z.object({ cases: z.array(z.unknown()) })

export interface PlannedCase {
  /** Equal for cases that differ in nothing but their load and in how long their connections live. */
  group: string
  model: string | null
  /** How long connections live: `reused`, `cold`, `resumed`. */
  connection: string
  /** Of the payload, e.g. `1KiB`; may be empty. */
  payload: string
  /** Of a payload that is a tensor; else null. */
  byteCount: number | null
  /** How it is encoded, e.g. `json`; may be empty. */
  encoding: string
  options: Readonly<Record<string, unknown>>
}

/** Tells what was planned for a case; what the plan does not say is guessed from the case itself. */
export function plannedCases({ scenario }: Result): (result: CaseResult) => PlannedCase {
  const plan = planSchema.safeParse(scenario)
  const byName = new Map<string, PlannedCase>()
  for (const item of plan.success ? plan.data.cases : []) {
    const planned = plannedSchema.safeParse(item)
    if (planned.success) byName.set(planned.data.name, describe(planned.data))
  }
  return (result) =>
    byName.get(result.name) ?? {
      group: result.target,
      model: null,
      connection: 'reused',
      payload: '',
      byteCount: null,
      encoding: '',
      options: {},
    }
}

function describe({ target, payload }: z.infer<typeof plannedSchema>): PlannedCase {
  const { name: _name, connection, ...kept } = target
  const options = object.safeParse(target.options)
  return {
    group: JSON.stringify([kept, payload]),
    model: typeof target.model === 'string' ? target.model : null,
    connection: typeof connection === 'string' ? connection : 'reused',
    payload: typeof payload.label === 'string' ? payload.label : '',
    byteCount: typeof payload.byteCount === 'number' ? payload.byteCount : null,
    encoding: typeof payload.encoding === 'string' ? payload.encoding : '',
    options: options.success ? options.data : {},
  }
}
