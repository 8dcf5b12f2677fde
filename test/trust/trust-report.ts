/**
 * `node test/trust/trust-report.ts [section...]`: tries whether the numbers can be trusted, and writes what it saw into
 * docs/trust.md. Sections: those of `SECTIONS`; all of them unless told otherwise, which takes half an hour.
 */

import { readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { runBottlenecks, runServersAtFault } from './blame.ts'
import { isGroundless } from './flags.ts'
import { runHealthy } from './healthy.ts'
import { findKnownLimits } from './known-limits.ts'
import { askForTruth, SHARES, type Statistic, type TruthRow } from './truth.ts'

const REPORT = fileURLToPath(new URL('../../docs/trust.md', import.meta.url))

/** How far off the tool may be on an idle machine. */
const WITHIN_SHARE = 0.02
const WITHIN_MS = 0.3
const HEALTHY_RUNS = 50

const STATISTICS = Object.keys(SHARES) as Statistic[]

const SECTIONS: Record<string, () => Promise<string>> = {
  truth: async () => {
    const { rows, control } = await askForTruth()
    const misses = rows.flatMap(({ at }) => STATISTICS.filter((statistic) => isOff(at[statistic])))
    const cells = rows.length * STATISTICS.length
    const beyond = rows.flatMap(({ at }) =>
      STATISTICS.filter((statistic) => isOff(at[statistic], control[statistic])),
    )
    const socket = STATISTICS.map((name) => `${name.replace('_', '.')} ${control[name].toFixed(2)}`).join(
      ', ',
    )
    return `${cells - misses.length} of ${cells} percentiles are within 2% or ${WITHIN_MS} ms, whichever is more; the others are **bold**. A bare
socket, which asked the same process in the same minutes, misread its replies by this much, in ms: ${socket}; less
that, which is the machine's, it is ${cells - beyond.length} of ${cells}.

| interface | kind | the server | loop | values | ${STATISTICS.map((name) => name.replace('_', '.')).join(' | ')} |
|---|---|---|---|---:|${'---:|'.repeat(STATISTICS.length)}
${rows.map(truthRow).join('\n')}`
  },
  blame: async () => {
    const bottlenecks = await runBottlenecks()
    const right = bottlenecks.filter((one) => one.right !== null).length
    const servers = await runServersAtFault()
    const blameless = servers.filter((run) => !isGroundless(run)).length
    return `The generator was made the bottleneck on purpose: flagged with the right reason ${right} of ${bottlenecks.length} times.

| what was wrong | exit code | what the tool said |
|---|---:|---|
${bottlenecks.map((one) => `| ${one.name} | ${one.code} | ${one.right ?? `**wrong:** ${one.flags.join('; ') || 'nothing'}`} |`).join('\n')}

Servers at fault: the tool did not blame itself without a reason ${blameless} of ${servers.length} times; a reason is a stall of the machine that a
watcher saw, too, which knows nothing of the tool.

| server | exit code | what the tool said against itself | its threads were late by | the watcher saw |
|---|---:|---|---:|---:|
${servers.map(({ name, code, flags, toldMs, watchedMs }) => `| ${name} | ${code} | ${flags.join('; ') || 'nothing'} | ${toldMs.toFixed(1)} ms | ${watchedMs.toFixed(1)} ms |`).join('\n')}`
  },
  healthy: async () => {
    const runs = await runHealthy(HEALTHY_RUNS)
    const flagged = runs.filter(({ flags }) => flags.length > 0)
    const seen = flagged.filter((run) => !isGroundless(run))
    const calm = runs.length - flagged.length
    return `${runs.length} runs with which nothing was wrong: ${flagged.length} were flagged, and in ${seen.length} of these the watcher saw the machine stand still,
too, for at least half as long as the tool told. In the ${calm} that were not flagged the longest stall that the watcher saw
was ${Math.max(0, ...runs.filter(({ flags }) => flags.length === 0).map(({ watchedMs }) => watchedMs)).toFixed(0)} ms.${
      flagged.length === 0
        ? ''
        : `

| the tool told | its threads were late by | the watcher saw |
|---|---:|---:|
${flagged.map(({ flags, toldMs, watchedMs }) => `| ${flags.join('; ')} | ${toldMs.toFixed(1)} ms | ${watchedMs.toFixed(1)} ms |`).join('\n')}`
    }`
  },
  search: async () => {
    const found = await findKnownLimits()
    return `A server with one worker that takes a known time for each call, and so can hold a known rate.

| it can hold | the search found | off by | steps |
|---:|---:|---:|---:|
${found.map(({ limit, rate, steps }) => `| ${limit}/s | ${rate === null ? '–' : `${rate.toFixed(1)}/s`} | ${rate === null ? '–' : signed((100 * (rate - limit)) / limit, 1)}% | ${steps} |`).join('\n')}`
  },
}

function truthRow({ interface: name, kind, behaviour, loop, count, at }: TruthRow): string {
  const cells = STATISTICS.map((statistic) => {
    const { truthMs, readMs } = at[statistic]
    const text = `${readMs.toFixed(2)} (${signed(readMs - truthMs, 2)})`
    return isOff(at[statistic]) ? `**${text}**` : text
  })
  return `| ${name} | ${kind} | ${behaviour} | ${loop} | ${count} | ${cells.join(' | ')} |`
}

/** `machineMs`: what does not count, because whoever asks reads so much too much. */
function isOff({ truthMs, readMs }: TruthRow['at'][Statistic], machineMs = 0): boolean {
  return Math.abs(readMs - truthMs) - machineMs > Math.max(WITHIN_MS, WITHIN_SHARE * truthMs)
}

function signed(value: number, digits: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(digits)}`
}

/** Where and when a section was measured. */
function stamp(): string {
  const { model } = os.cpus()[0]!
  return `*${new Date().toISOString().slice(0, 10)}, ${os.cpus().length} cores (${model.trim()}), Linux ${os.release()}, Node ${process.versions.node}*`
}

const asked = process.argv.slice(2)
for (const name of asked.length > 0 ? asked : Object.keys(SECTIONS)) {
  const measure = SECTIONS[name]
  if (!measure) throw new Error(`there is no section ${name}: take ${Object.keys(SECTIONS).join(', ')}`)
  process.stderr.write(`${name} …\n`)
  const text = `<!-- ${name} -->\n${stamp()}\n\n${await measure()}\n<!-- /${name} -->`
  const page = await readFile(REPORT, 'utf8')
  await writeFile(
    REPORT,
    page.replace(new RegExp(`<!-- ${name} -->.*<!-- /${name} -->`, 's'), () => text),
  )
}
process.exit(0)
