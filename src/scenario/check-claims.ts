/** What must be said of a claim, and what must not be said together. */

import { parseExpectation } from './expectation.ts'
import { parseMetric, quantityOf, RATIO } from './limit.ts'
import type { Problem } from './problem.ts'
import type { ScenarioSpec } from './schema.ts'
import type { Source } from './source.ts'

const NUMBER_KEYS = ['metric', 'of', 'expect'] as const

export function checkClaims({ claims = [] }: ScenarioSpec, source: Source): Problem[] {
  return claims.flatMap((claim, index) => {
    const path = ['claims', index]
    if (claim.cannot !== undefined) {
      const besides = ([...NUMBER_KEYS, 'over', 'where', 'because'] as const).find(
        (key) => claim[key] !== undefined,
      )
      if (besides === undefined) return []
      const cure = 'Keep `cannot`, or what is to be measured.'
      return [
        source.problem([...path, besides], `\`${besides}\` has no meaning beside \`cannot\``, cure, 'key'),
      ]
    }
    const missing = NUMBER_KEYS.filter((key) => claim[key] === undefined)
    if (missing.length > 0) {
      const cure = 'Say what is measured and what is expected, or why it cannot be measured (`cannot`).'
      return missing.map((key) => source.problem(path, `\`${key}\` is missing`, cure))
    }
    const { metric } = parseMetric(claim.metric!)!
    const parsed = parseExpectation(claim.expect!, claim.over === undefined ? quantityOf(metric.unit) : RATIO)
    return 'value' in parsed ? [] : [source.problem([...path, 'expect'], parsed.message, parsed.cure)]
  })
}
