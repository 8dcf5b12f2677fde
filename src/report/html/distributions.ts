/** What charts read of the distributions that a result stores. */

import type { CaseResult, Distribution } from '../../result/document.ts'

export function own({ metrics }: Pick<CaseResult, 'metrics'>, name: string): Distribution | undefined {
  return Object.hasOwn(metrics, name) ? metrics[name] : undefined
}

/** The digits that a histogram tells, and one more. */
export function rounded(value: number): number {
  return Number(value.toPrecision(5))
}
