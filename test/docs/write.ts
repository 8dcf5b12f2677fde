/** `npm run docs`: writes the references that are made from the code. `test/docs/fresh.test.ts` holds them fresh. */

import { writeFile } from 'node:fs/promises'
import { GENERATED } from './generated.ts'

for (const { file, text } of GENERATED) await writeFile(file, text())
