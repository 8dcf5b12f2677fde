import type { Diagnosis, Finding } from '../result/diagnosis.ts'
import { clean } from './clean.ts'
import { duration, significant } from './numbers.ts'
import { type Cell, EMPTY, type Page, plain, type Table, textColumn } from './page.ts'

/** What this machine can measure, and what to do about what stands in its way. */
export function doctorPage({ tool, machine, floors, onnxruntime, findings }: Diagnosis): Page {
  const concurrency = floors[0]?.concurrency ?? 0
  const floorTable: Table = {
    title: 'Floor: a small call to a server of the same protocol that does nothing',
    columns: [
      textColumn('interface'),
      textColumn('API', 1),
      { title: 'one at a time', statistic: 'p50', unit: '', align: 'right', expendable: 0 },
      { title: 'one at a time', statistic: 'p99', unit: '', align: 'right', expendable: 0 },
      { title: `calls/s, ${concurrency} at once`, statistic: '', unit: '', align: 'right', expendable: 0 },
    ],
    rows: floors.map((floor): Cell[] => [
      plain(floor.interface),
      plain(floor.api),
      floor.p50_ms === null ? EMPTY : plain(duration(floor.p50_ms)),
      floor.p99_ms === null ? EMPTY : plain(duration(floor.p99_ms)),
      floor.calls_per_second === null ? EMPTY : plain(significant(floor.calls_per_second)),
    ]),
  }
  const machineTable: Table = {
    title: 'Machine',
    columns: ['', 'what', 'found', 'is well at'].map((title) => textColumn(title)),
    rows: findings.map((finding): Cell[] => [
      mark(finding),
      plain(finding.name),
      plain(clean(finding.found)),
      { text: finding.limit, tone: 'quiet' },
    ]),
  }
  const skipped = onnxruntime.providers.flatMap(({ provider, reason }) =>
    reason === null ? [] : [plain(`ONNX Runtime on ${clean(provider)} does not run: ${clean(reason)}`)],
  )
  const advice = findings.flatMap(({ name, advice: text }) =>
    text === null ? [] : [{ text: `${name}: ${clean(text)}`, tone: 'bad' as const }],
  )
  const toDo = [...advice, ...skipped]
  return {
    title: 'What this machine can measure',
    facts: [
      `infer-bench ${clean(tool)}, Node ${clean(machine.node.version)}, ${clean(machine.os)} ${clean(machine.kernel)}`,
    ],
    parts: [
      floorTable,
      machineTable,
      { title: 'What to do', lines: toDo.length > 0 ? toDo : [{ text: 'nothing', tone: 'good' }] },
    ],
  }
}

function mark({ state }: Finding): Cell {
  if (state === 'unknown') return { text: '?', tone: 'quiet' }
  return state === 'good' ? { text: 'ok', tone: 'good' } : { text: 'BAD', tone: 'bad' }
}
