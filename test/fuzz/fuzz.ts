/**
 * `node test/fuzz/fuzz.ts [--inputs 100000] [family...]`: every subject of `families.ts`, or those of some families, with so
 * many inputs, and writes the sections of docs/fuzzing.md in which none broke. What breaks one is printed with the seed and
 * the path that lead to it again.
 */

import { readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { inspect, parseArgs } from 'node:util'
import { FAMILIES } from './families.ts'
import { type Subject, type Tried, tryOut } from './subject.ts'

const REPORT = fileURLToPath(new URL('../../docs/fuzzing.md', import.meta.url))

const { values, positionals } = parseArgs({
  options: { inputs: { type: 'string', default: '100000' } },
  allowPositionals: true,
})
for (const family of positionals.length > 0 ? positionals : Object.keys(FAMILIES)) {
  const subjects = FAMILIES[family]
  if (!subjects) throw new Error(`there is no family ${family}: take ${Object.keys(FAMILIES).join(', ')}`)
  const tried = await tryAll(family, subjects, Number(values.inputs))
  if (tried) await write(family, tried)
  else process.exitCode = 1
}
process.exit()

/** Null where one broke; the others are tried all the same. */
async function tryAll(family: string, subjects: readonly Subject[], runs: number): Promise<Tried[] | null> {
  const all: Tried[] = []
  for (const subject of subjects) {
    try {
      const tried = await tryOut(subject, runs)
      all.push(tried)
      process.stderr.write(
        `${family}: ${tried.name}: ${tried.inputs} inputs in ${tried.seconds.toFixed(0)} s\n`,
      )
    } catch (error) {
      process.stderr.write(`${family}: ${inspect(error)}\n`)
    }
  }
  return all.length === subjects.length ? all : null
}

async function write(family: string, tried: readonly Tried[]): Promise<void> {
  const rows = tried.map(
    ({ name, inputs, seconds, grownMib }) =>
      `| ${name} | ${inputs.toLocaleString('en-US')} | ${seconds.toFixed(0)} | ${grownMib.toFixed(0)} |`,
  )
  const when = `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${os.cpus()[0]!.model.trim()}`
  const head = '| what | inputs | s | memory grew by, MiB |\n|---|---:|---:|---:|'
  const page = await readFile(REPORT, 'utf8')
  await writeFile(
    REPORT,
    page.replace(
      new RegExp(`<!-- ${family} -->.*<!-- /${family} -->`, 's'),
      () => `<!-- ${family} -->\n*${when}*\n\n${head}\n${rows.join('\n')}\n<!-- /${family} -->`,
    ),
  )
}
