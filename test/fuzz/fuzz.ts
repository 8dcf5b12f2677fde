/**
 * `node test/fuzz/fuzz.ts [inputs]`: every subject of `families.ts` with so many inputs (100,000 unless told otherwise),
 * and writes docs/fuzzing.md where none broke. What breaks one is printed with the seed and the path that lead to it again.
 */

import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { FAMILIES } from './families.ts'
import { type Tried, tryOut } from './subject.ts'

const REPORT = fileURLToPath(new URL('../../docs/fuzzing.md', import.meta.url))

const runs = Number(process.argv[2] ?? 100_000)
const sections: string[] = []
const all: Tried[] = []
for (const [family, subjects] of Object.entries(FAMILIES)) {
  const rows: string[] = []
  for (const subject of subjects) {
    const tried = await tryOut(subject, runs).catch((error: Error) => {
      process.stderr.write(`${family}: ${inspect(error)}\n`)
      process.exitCode = 1
    })
    if (!tried) continue
    all.push(tried)
    const { name, inputs, seconds, grownMib } = tried
    process.stderr.write(`${family}: ${name}: ${inputs} inputs in ${seconds.toFixed(0)} s\n`)
    rows.push(
      `| ${name} | ${inputs.toLocaleString('en-US')} | ${seconds.toFixed(0)} | ${grownMib.toFixed(0)} |`,
    )
  }
  sections.push(
    [`## ${family}`, '', '| what | inputs | s | memory grew by, MiB |', '|---|---:|---:|---:|', ...rows].join(
      '\n',
    ),
  )
}

const total = all.reduce((sum, { inputs }) => sum + inputs, 0)
const report = `# Fuzzing

<!-- Written by \`node test/fuzz/fuzz.ts\`. -->

Everything that eats bytes which somebody else wrote, and the arithmetic of plans, against inputs that nobody would
write: ${total.toLocaleString('en-US')} of them on ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${os.cpus()[0]!.model.trim()}. None of
them crashed, hung, took more than its share of time or memory, or came through as something that it is not; what had done so before
is mended, and its smallest input is tried first ever since. Inputs that are megabytes each are fewer. \`npm run test:whole\` tries some
thousand of each; \`INFER_BENCH_FUZZ_SEED\` plays a seed again.

${sections.join('\n\n')}
`
if (!process.exitCode) await writeFile(REPORT, report)
