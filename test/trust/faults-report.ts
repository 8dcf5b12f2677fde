/**
 * `node test/trust/faults-report.ts`: puts the tool through every fault of the matrix, over every interface, and writes
 * docs/faults.md: what was done to it, and what it made of that. Ends with 1 where it bore something badly.
 */

import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { PROTOCOLS } from '../../src/drivers/registry.ts'
import build from '../build.ts'
import { bearAll } from '../faults/bear.ts'
import { type Cell, wrongsOf } from '../faults/cell.ts'
import type { Borne } from '../faults/matrix.ts'
import { FROM_THE_START } from '../faults/unreachable.ts'
import { WAYS, type Way } from '../faults/ways.ts'

const REPORT = fileURLToPath(new URL('../../docs/faults.md', import.meta.url))

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
build()
const startedMs = performance.now()
const borne: { way: Way; result: Borne }[] = []
for (const [name, result] of bearAll()) {
  borne.push({ way: WAYS.find((way) => way.name === name)!, result: await result })
  process.stderr.write(`${name}: ${(await result).cells.length} faults\n`)
}
const wrongs = borne.flatMap(({ way, result }) => result.wrongs.map((wrong) => `${way.name}: ${wrong}`))
const report = page(borne)
await writeFile(REPORT, report)
for (const wrong of wrongs) process.stderr.write(`${wrong}\n`)
process.exit(wrongs.length > 0 ? 1 : 0)

function page(all: readonly { way: Way; result: Borne }[]): string {
  const cells = all.flatMap(({ result }) => result.cells)
  const kinds = PROTOCOLS.map(({ name }) => {
    const own = all.filter(({ way }) => way.of === name).flatMap(({ result }) => result.cells)
    return `${name} ${new Set(own.map(({ fault }) => fault.replace(FROM_THE_START, ''))).size}`
  })
  const growths = cells.flatMap(({ memory }) => (memory ? [memory.peakMiB - memory.beforeMiB] : []))
  const cpu = os.cpus()
  const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1)
  return `# Faults

<!-- Written by \`node test/trust/faults-report.ts\`. -->

What broken servers do to the tool, and what it makes of that: no server may crash it, hang it or fool it. ${cells.length} faults over
${all.length} ways to speak to a server; kinds of faults for each interface: ${kinds.join(', ')}. ${told(cells, wrongs)}
Measured on ${new Date().toISOString().slice(0, 10)} in ${minutes} minutes on ${cpu.length} cores (${cpu[0]!.model.trim()}), Node ${process.versions.node}, with other work beside it.

## How

- Each way is one run of the command: a case for each fault, one after the other, and at the end a case that meets none;
  its calls must all succeed. Faults **from the start** are met by another run, which must end at once and say of each
  target what is wrong; so are **descriptors** that run out, and a server that is **killed and started again**.
- Before a correct server stands a proxy (\`test/faults/proxy.ts\`). It passes bytes on until a fault is due: when the tool has
  connected, or when the server has got a call. From then on the connection is the fault's, which writes, cuts or keeps
  silent below the protocol. So a fault of TCP is written once for all interfaces, and one of a protocol has a real
  handshake before it. What is due from the start of a connection is met by a new connection for each call.
- **expected**, **seen**: the class of the error; several where the fault has more than one right name.
- **counted**: errors as the tool counted them, and as the other side did. They must be equal; a dash: it cannot count.
- **memory**: what is resident of the tool's process in MiB, when the fault's case began, at most, and when it ended. The
  kernel's record of the most begins anew with each case. A process gives little of it back, so what takes most comes last.
- **longest**: how long the longest of the failed calls took, of what it may take. What floods the event loop, or the
  machine, makes timers late.
- In every run: no crash, the exit code, a result that is written, and no process that outlives it.
- What no client can tell: a second reply on a connection of HTTP/1.1, where it comes after the next request has gone out,
  answers that request. One that comes before is an error (\`http.parse\`).
- What Node itself does not bear, the tool does not: Node 22 aborts (an assertion of its own) when a server opens a header block
  of HTTP/2 that never ends, and up to 22.19 it says nothing of broken frames, so that calls end by their timeouts. Against
  servers that may do that, use Node 24 or later.

The largest growth was ${Math.round(Math.max(0, ...growths))} MiB. A load thread holds at most 1 GiB of replies under way (512 MiB on a small machine); what would
be more is given up as \`client.memory\`.
${all.map(({ way, result }) => section(way, result.cells)).join('')}`
}

function told(cells: readonly Cell[], wrong: readonly string[]): string {
  if (wrong.length === 0) return `All ended with the right class, count and time, within their memory.`
  return `**${wrong.length} of ${cells.length} did not end as they should:**\n\n${wrong.map((one) => `- ${one}`).join('\n')}\n`
}

function section(way: Way, cells: readonly Cell[]): string {
  const options = Object.entries({ ...way.options, kind: way.kind })
  return `
## ${way.of === way.name ? way.name : `${way.of}: ${way.name}`}

${options.map(([key, value]) => `\`${key}: ${value}\``).join(', ')}

| fault | expected | seen | counted | memory | longest |
|---|---|---|---:|---:|---:|
${cells.map(row).join('\n')}
`
}

function row(cell: Cell): string {
  const { fault, expected, seen, failed, injected, time, memory } = cell
  const columns = [
    `${wrongsOf(cell).length > 0 ? '**wrong** ' : ''}${fault}`,
    classes(expected),
    classes(Object.keys(seen)),
    injected === null ? `${failed} / –` : `${failed} / ${injected}`,
    memory === null ? '–' : [memory.beforeMiB, memory.peakMiB, memory.afterMiB].map(Math.round).join(' → '),
    time === null ? '–' : `${duration(time.longestMs)} of ${duration(time.allowedMs)}`,
  ]
  return `| ${columns.join(' | ')} |`
}

function classes(names: readonly string[]): string {
  return names.length === 0 ? 'no error' : [...new Set(names)].map((name) => `\`${name}\``).join(' ')
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
