import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { GENERATED } from './generated.ts'

test.each(GENERATED.map((one) => [basename(one.file), one] as const))(
  '%s says what the code says (npm run docs)',
  async (_name, { file, text }) => {
    expect(await readFile(file, 'utf8')).toBe(text())
  },
)
