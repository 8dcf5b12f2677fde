import type { ReportView } from '../plan/plan.ts'
import type { Result } from '../result/document.ts'
import { advicePage } from './advice/page.ts'
import { resultPage } from './content.ts'
import { matrixPage } from './matrix/page.ts'
import type { Page } from './page.ts'

const PAGES: Readonly<Record<ReportView, (result: Result) => Page>> = {
  cases: resultPage,
  matrix: matrixPage,
  advice: advicePage,
}

/** A result as seen case by case, interface by interface, or purpose by purpose. */
export function pageOf(result: Result, view: ReportView): Page {
  return PAGES[view](result)
}
