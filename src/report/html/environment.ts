/** What it ran on, in full. */

import type { Result } from '../../result/document.ts'
import { clean } from '../clean.ts'
import { html, type Markup } from './markup.ts'

/** In characters: takes a line of its own. */
const LONG = 60

export function environmentHtml({ environment, ...result }: Result): Markup {
  const { server } = environment
  const facts: [string, string | null][] = [
    ['Run', result.run_id],
    ['Started', result.start_time],
    ['Ended', result.end_time],
    ['Region', result.region],
    ['infer-bench', environment.tool],
    ['Node', environment.node],
    ['System', `${environment.os} ${environment.kernel}`],
    ['CPU', environment.cpu],
    ['Cores', String(environment.cores)],
    ['Workers', String(environment.workers)],
    ['Server', server && `${server.name} ${server.version}`],
    ['Runs on', server?.provider ?? null],
    ...(server?.providers_skipped ?? []).map(({ provider, reason }): [string, string] => [
      `Without ${clean(provider)}`,
      reason,
    ]),
    ['Result format', result.schema_version],
  ]
  return html`<dl class="environment">
${facts.map(([name, value]) => (value === null ? null : html`<div${value.length > LONG ? html` class="long"` : null}><dt>${name}</dt><dd>${clean(value)}</dd></div>\n`))}</dl>
`
}
