/** A chart in the page: its place, its legend, its data as a table, and the same for the script. */

import type { Chart, Series } from './chart.ts'
import { html, type Markup, scriptJson } from './markup.ts'
import { linesHtml, tableHtml } from './parts.ts'

/** `id`: unique within the page. */
export function figureHtml(chart: Chart, id: string): Markup {
  const { title, says, size, series, notes, table, ...drawn } = chart
  return html`<figure class="chart ${size}" aria-labelledby="${id}">
<figcaption><h4 id="${id}">${title}</h4>${size === 'wide' ? html`<p>${says}</p>` : null}</figcaption>
<div class="plot" role="img" aria-label="${title}. ${says}"></div>
<p class="at"></p>
<div class="legend" role="group" aria-label="Legend of ${title}: press to show or hide">
${series.map(keyHtml)}</div>
${notes.length > 0 ? linesHtml(notes) : null}
<details><summary id="${id}-data">Data <span class="hidden">of ${title}</span></summary>
${tableHtml(table, `${id}-data`, new Map())}
</details>
<script type="application/json">${scriptJson({ ...drawn, size, series })}</script>
</figure>
`
}

function keyHtml({ name, slot, isDashed, form }: Series): Markup {
  const sign =
    form === 'marks'
      ? html`<path class="mark" d="M8 2l8 8M16 2l-8 8"/>`
      : html`<path class="slot-${slot}${isDashed ? ' dashed' : ''}" d="M0 6h24"/>`
  return html`<button type="button" class="key" aria-pressed="true"><svg viewBox="0 0 24 12" aria-hidden="true">${sign}</svg><span>${name}</span> <span class="value"></span></button>
`
}
