/**
 * How the page looks: on a screen in light and in dark, on paper, and in a narrow window. Colours of text have a contrast
 * of at least 4.5:1 with what they stand on, those of lines 3:1. Lines differ in lightness as well as in hue, so that
 * people who see fewer colours tell them apart, too.
 */

import { SLOTS } from './chart.ts'

const LIGHT = `
--page: #f7f7f5; --card: #ffffff; --text: #1d1f23; --quiet: #5a606b; --line: #d9dade; --grid: #ececee;
--accent: #1a5fa8; --good: #1a7040; --good-soft: #e3f3e9; --bad: #b3261e; --bad-soft: #fbe9e7;
--series-0: #1c5fc0; --series-1: #b8480f; --series-2: #118a4e; --series-3: #dd5a90;
--series-4: #4a2380; --series-5: #949017; --series-6: #1899c4; --series-7: #4c4f57;`

const DARK = `
--page: #15171b; --card: #1c1f24; --text: #e6e7ea; --quiet: #a3a9b3; --line: #3a3f48; --grid: #2b2f36;
--accent: #7ab8f5; --good: #7fd1a0; --good-soft: #1c3527; --bad: #ff9a8f; --bad-soft: #43211e;
--series-0: #5f9dff; --series-1: #e87a2a; --series-2: #7fe6a8; --series-3: #f59bbd;
--series-4: #9265c4; --series-5: #cfc231; --series-6: #35bff0; --series-7: #dde1ea;`

const SLOT_RULES = Array.from(
  { length: SLOTS },
  (_, slot) => `.slot-${slot} { stroke: var(--series-${slot}); }`,
).join('\n')

export const STYLESHEET = `
:root { color-scheme: light dark; ${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root:not([data-printing]) { ${DARK} } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
  display: grid; grid-template-columns: minmax(0, 15rem) minmax(0, 76rem); gap: 0 2.5rem; justify-content: center;
  padding: 0 2rem;
}
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 2.75rem 0 2rem; font-size: 13.5px; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { margin: .3rem 0; }
nav > ul > li { margin: 0 0 .9rem; font-weight: 600; }
nav ul ul { padding-left: .8rem; border-left: 1px solid var(--line); margin-top: .35rem; font-weight: 400; }
nav ul ul a { color: var(--quiet); }
nav ul ul a:hover { color: var(--accent); }

main { padding: 2.5rem 0 4rem; min-width: 0; }
.result + .result { margin-top: 4rem; border-top: 1px solid var(--line); padding-top: 2.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -.015em; margin: .6rem 0 .35rem; }
h2 { font-size: 1.3rem; line-height: 1.3; letter-spacing: -.01em; margin: 3rem 0 1rem; padding-bottom: .45rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 .6rem; }
h4 { font-size: .95rem; margin: 0; }
.verdict { margin: 0; }
.verdict a { display: inline-block; padding: .1rem .7rem; border-radius: 1rem; font-size: .85rem; font-weight: 600; }
.verdict-good a { background: var(--good-soft); color: var(--good); }
.verdict-bad a { background: var(--bad-soft); color: var(--bad); }
.tally { margin: 0 0 .9rem; font-size: 1.02rem; }
.facts { margin: 0; padding: 0; list-style: none; color: var(--quiet); font-size: .88rem; }
.part { margin: 0 0 2rem; }
.lines { margin: 0; padding-left: 1.1rem; max-width: 52rem; }
.lines li { margin: .2rem 0; }
.lines li::marker { color: var(--quiet); }
.environment { margin: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: .8rem 2rem; }
.environment dt { color: var(--quiet); font-size: .82rem; }
.environment dd { margin: 0; }
.environment .long { grid-column: 1 / -1; max-width: 52rem; }

.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; line-height: 1.45; }
th, td { padding: .38rem .7rem; text-align: left; vertical-align: top; }
thead th { font-weight: 600; vertical-align: bottom; padding-top: .55rem; border-bottom: 1px solid var(--line); }
thead tr:not(:last-child) th:not([rowspan]) { border-bottom: 0; padding-bottom: 0; }
thead .details th { color: var(--quiet); font-weight: 400; padding-top: 0; }
thead [scope="colgroup"] { text-align: center; }
tbody th { font-weight: 400; min-width: 7rem; }
tbody th:not(.short) { min-width: 15rem; }
thead .details th { white-space: nowrap; }
tbody tr + tr > * { border-top: 1px solid var(--grid); }
tbody td { min-width: 3rem; }
th.right, td.right { text-align: right; }
td.left { max-width: 34rem; }
.tone-good { color: var(--good); }
.tone-bad { color: var(--bad); }
.tone-quiet { color: var(--quiet); }
.short { white-space: nowrap; }
/* What the matrix shows as bad comes from an invalid case. */
.tone-struck > span, li.tone-struck, .invalid > :not(.tone-quiet) > span, .interfaces td.tone-bad > span { text-decoration: line-through; text-decoration-thickness: 1px; }
.invalid > td, .invalid > th { color: var(--quiet); }
tbody .why > td { border-top: 0; padding: 0 .7rem .5rem; color: var(--bad); font-size: .82rem; line-height: 1.4; }
.interfaces .lines { color: var(--quiet); font-size: .88rem; }

.charts { margin: 0 0 2.5rem; }
.grid { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 1rem; }
.chart { margin: 0; padding: 1rem 1.1rem .8rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; min-width: 0; grid-column: 1 / -1; }
.chart.small { grid-column: span 2; padding: .8rem .9rem .6rem; }
.chart.small h4 { font-size: .88rem; font-weight: 600; }
figcaption p { margin: .15rem 0 .5rem; color: var(--quiet); font-size: .88rem; max-width: 60rem; }
.plot { min-width: 0; overflow: hidden; }
.at { margin: .15rem 0 .1rem; min-height: 1.4em; color: var(--quiet); font-size: .8rem; text-align: right; }
.legend { display: flex; flex-wrap: wrap; gap: .15rem .3rem; }
.key { display: inline-flex; align-items: center; gap: .4rem; padding: .15rem .45rem; border: 0; border-radius: 5px; background: none; color: var(--text); font: inherit; font-size: .82rem; text-align: left; cursor: pointer; }
.key:hover { background: var(--grid); }
.key svg { width: 24px; height: 12px; flex: none; fill: none; stroke-width: 3; }
.key .mark { stroke: var(--bad); stroke-width: 2; }
/* Room for what the pointer will find, so that nothing moves when it does. */
.key .value { color: var(--quiet); min-width: 2.8em; }
.key[aria-pressed="false"] { color: var(--quiet); }
.key[aria-pressed="false"] span:first-of-type { text-decoration: line-through; }
.key[aria-pressed="false"] svg { opacity: .35; }
.dashed { stroke-dasharray: 6 4; }
${SLOT_RULES}
.chart .lines { margin-top: .4rem; padding: 0; list-style: none; color: var(--quiet); font-size: .82rem; }
details { margin-top: .45rem; font-size: .85rem; }
summary { color: var(--accent); cursor: pointer; width: max-content; }
details .scroll { max-height: 24rem; overflow: auto; margin-top: .5rem; }
.u-hz .u-cursor-x, .u-vt .u-cursor-x, .u-hz .u-cursor-y, .u-vt .u-cursor-y { border-color: var(--quiet); }

@media (max-width: 68rem) {
  body { display: block; padding: 0 1.25rem; }
  nav { position: static; max-height: none; padding: 1.25rem 0 0; }
  nav > ul { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
  nav > ul > li { margin: 0; }
  nav ul ul { display: none; }
  main { padding-top: 1.5rem; }
  .chart.small { grid-column: span 3; }
}
@media (max-width: 40rem) {
  body { padding: 0 .9rem; font-size: 14.5px; }
  h1 { font-size: 1.5rem; }
  h2 { margin-top: 2.2rem; }
  .chart, .chart.small { grid-column: 1 / -1; padding: .8rem .7rem .6rem; }
  th, td { padding: .35rem .55rem; }
}
@media print {
  @page { margin: 14mm; }
  :root { color-scheme: light; }
  body { display: block; padding: 0; background: #fff; font-size: 9.5pt; }
  nav, .at, details, noscript { display: none; }
  main { padding: 0; }
  .scroll { overflow: visible; border-radius: 0; border: 0; }
  table { font-size: 7pt; }
  th, td { padding: 2pt 3pt; }
  thead th, td.short { white-space: normal; overflow-wrap: normal; }
  tbody .why > td { padding: 0 3pt 2pt; font-size: 7pt; }
  tbody th, tbody th:not(.short), tbody td { min-width: 0; }
  td.left { max-width: none; }
  tr, .chart, .key { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
  .chart { border: 0; padding: 0 0 6pt; }
  .grid { gap: 8pt; }
  .chart.small { grid-column: span 3; }
  .key[aria-pressed="false"], .key .value { display: none; }
}
`.trim()
