/** A program: an MCP server over standard input and output whose only tool has nothing to say. */

import { createInterface } from 'node:readline'
import { answersTo } from './idle-answer.ts'

createInterface({ input: process.stdin }).on('line', (line) => {
  for (const message of answersTo(line)) process.stdout.write(`${message}\n`)
})
