/** Results as one page that needs nothing but a browser. */

import { createHash } from 'node:crypto'
import type { ReportView } from '../../plan/plan.ts'
import type { Result } from '../../result/document.ts'
import type { Style } from '../table.ts'
import { library } from './library.ts'
import { html, type Markup, raw } from './markup.ts'
import { type Place, sectionHtml } from './section.ts'
import { STYLESHEET } from './stylesheet.ts'

/** More entries than that are no overview. */
const MOST_PLACES = 12

export function htmlReport(results: readonly Result[], _style?: Style, view: ReportView = 'cases'): string {
  const sections = results.map((result, index) => sectionHtml(result, view, `r${index + 1}`))
  const places = sections.map(({ place }) => place)
  const { script, style, drawing } = library()
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy([script, drawing], [style, STYLESHEET])}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${titleOf(places)}</title>
<style>${raw(style)}</style>
<style>${raw(STYLESHEET)}</style>
</head>
<body>
<nav aria-label="Contents">
${contentsHtml(places)}</nav>
<main>
${sections.map(({ markup }) => markup)}</main>
<script>${raw(script)}</script>
<script>${raw(drawing)}</script>
</body>
</html>
`
  return page.text
}

/** Nothing is loaded from anywhere, and nothing runs but what stands here now: not even what an escape might have missed. */
function policy(scripts: readonly string[], styles: readonly string[]): string {
  const hashes = (texts: readonly string[]) =>
    texts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ')
  return [
    "default-src 'none'",
    `script-src ${hashes(scripts)}`,
    `style-src ${hashes(styles)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

function titleOf(places: readonly Place[]): string {
  const [first] = places
  return places.length === 1 && first
    ? `${first.title}: infer-bench`
    : `${places.length} results: infer-bench`
}

/** Two levels: of one result, whose title leads nowhere that the reader is not already, its blocks and their parts. */
function contentsHtml(places: readonly Place[]): Markup {
  if (places.length === 1) return listHtml(places[0]!.within)
  const withoutParts = ({ title, id }: Place): Place => ({ title, id, within: [] })
  return listHtml(places.map((place) => ({ ...place, within: place.within.map(withoutParts) })))
}

function listHtml(places: readonly Place[]): Markup {
  return html`<ul>
${places.map(
  ({ title, id, within }) => html`<li><a href="#${id}">${title}</a>${
    within.length > 0 && within.length <= MOST_PLACES ? listHtml(within) : null
  }</li>
`,
)}</ul>
`
}
