/**
 * `node test/trust/soak-report.ts [minutes]`: load over all interfaces for a long time (30 minutes unless told
 * otherwise), and writes docs/soak.md: whether memory, descriptors and latency stay where they are.
 */

import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import type { CaseResult } from '../../src/result/document.ts'
import { type Held, median, type Soak, soak } from './soak.ts'

const REPORT = fileURLToPath(new URL('../../docs/soak.md', import.meta.url))
const PARTS = 6

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const minutes = Number(process.argv[2] ?? 30)
const report = page(await soak(minutes * 60))
await writeFile(REPORT, report)
process.stdout.write(report)

function page({ code, result, tool, server, left }: Soak): string {
  const lengthMin = (Date.parse(result.end_time) - Date.parse(result.start_time)) / 60_000
  const calls = result.cases.reduce((sum, { summary }) => sum + summary.calls, 0)
  const errors = result.cases.reduce((sum, { summary }) => sum + summary.errors, 0)
  return `# Soak

<!-- Written by \`node test/trust/soak-report.ts\`. -->

${Math.round(lengthMin)} minutes of moderate load, each interface in turn, over reused and over new connections, against the bundled
server: ${calls.toLocaleString('en-US')} calls, ${errors} errors, exit code ${code}; processes that outlived the run: ${left.length}.
Measured on ${result.start_time.slice(0, 10)} on ${os.cpus().length} cores (${os.cpus()[0]!.model.trim()}), Node ${process.versions.node}, with other work beside it.

## What the processes held

Medians of each sixth of the run.

| process | | ${[...Array(PARTS).keys()].map((part) => `${part + 1}/${PARTS}`).join(' | ')} |
|---|---|${'---:|'.repeat(PARTS)}
${row('tool', 'resident MiB', tool, 'residentBytes', 2 ** 20)}
${row('tool', 'descriptors', tool, 'descriptors', 1)}
${row('bundled server', 'resident MiB', server, 'residentBytes', 2 ** 20)}
${row('bundled server', 'descriptors', server, 'descriptors', 1)}

## Latency

Medians over the rounds of each third of p50 of \`request_latency\`, in ms.

| case | 1/3 | 2/3 | 3/3 |
|---|---:|---:|---:|
${result.cases.map(latencyRow).join('\n')}
`
}

function row(name: string, what: string, held: readonly Held[], key: keyof Held, unit: number): string {
  const parts = [...Array(PARTS).keys()].map((part) => median(held, key, part / PARTS, (part + 1) / PARTS))
  return `| ${name} | ${what} | ${parts.map((value) => Math.round(value / unit)).join(' | ')} |`
}

function latencyRow({ name, rounds }: CaseResult): string {
  const values = rounds.flatMap(({ metrics }) => metrics.request_latency?.p50 ?? [])
  const thirds = [0, 1, 2].map((third) => {
    const part = values.slice((values.length * third) / 3, (values.length * (third + 1)) / 3)
    return part.sort((a, b) => a - b)[Math.floor(part.length / 2)] ?? Number.NaN
  })
  return `| ${name} | ${thirds.map((value) => value.toFixed(2)).join(' | ')} |`
}
