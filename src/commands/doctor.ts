import type { Command } from 'commander'
import { doctorPage } from '../report/doctor-page.ts'
import { pageReport } from '../report/table.ts'
import { type Diagnosis, floorFindings, machineFindings, providerFinding } from '../result/diagnosis.ts'
import { protocolFloors } from './doctor-floors.ts'
import { tryProviders } from './doctor-providers.ts'
import { readMachine } from './machine.ts'
import { styleOf } from './report-options.ts'

/** Adds `doctor`: what this machine can measure, and what to do about what it cannot. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('tell what this machine can measure: clock, timers, floor per protocol, limits')
    .option('--json', 'print one JSON document', false)
    .action(async ({ json }: { json: boolean }) => {
      const diagnosis = await diagnose(program.version() ?? 'unknown')
      process.stdout.write(
        json
          ? `${JSON.stringify(diagnosis, null, 2)}\n`
          : pageReport(doctorPage(diagnosis), styleOf(process.stdout, process.env)),
      )
    })
}

/** One after the other: what runs beside a measurement would be part of it. */
async function diagnose(tool: string): Promise<Diagnosis> {
  say('clock and timers')
  const machine = await readMachine()
  const floors = await protocolFloors((name) => say(`floor of ${name}`))
  say('providers of ONNX Runtime')
  const onnxruntime = await tryProviders()
  say(null)
  const findings = [...machineFindings(machine), ...floorFindings(floors), providerFinding(onnxruntime)]
  return { tool, machine, floors, onnxruntime, findings }
}

/** One line on a terminal, and nothing elsewhere. Null: it goes. */
function say(step: string | null): void {
  if (!process.stderr.isTTY || process.env.TERM === 'dumb') return
  process.stderr.write(`\r\u001b[K${step === null ? '' : `measuring: ${step} ...`}`)
}
