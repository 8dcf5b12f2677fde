import { fileURLToPath } from 'node:url'
import { doctorReference } from './doctor-reference.ts'
import { metricsReference } from './metrics-reference.ts'
import { README, readmeWithMatrix } from './readme.ts'
import { scenarioReference } from './scenario-reference.ts'
import { verdictReference } from './verdict-reference.ts'

const inDocs = (name: string) => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url))

/** Documents that are made from the code. */
export const GENERATED = [
  { file: inDocs('doctor.md'), text: doctorReference },
  { file: inDocs('metrics.md'), text: metricsReference },
  { file: inDocs('scenario.md'), text: scenarioReference },
  { file: inDocs('verdict.md'), text: verdictReference },
  { file: README, text: readmeWithMatrix },
] as const
