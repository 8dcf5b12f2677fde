/** Part of the build: writes the JSON Schema to where scenario files name it for editors. */

import { writeFileSync } from 'node:fs'
import { scenarioJsonSchema } from './json-schema.ts'

// The sources lie in `src/scenario`, what is built of them in `dist/src/scenario`.
const file = import.meta.url.endsWith('.ts')
  ? '../../dist/scenario.schema.json'
  : '../../scenario.schema.json'
writeFileSync(new URL(file, import.meta.url), `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`)
