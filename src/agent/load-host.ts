/**
 * A program: a load thread that has a process to itself. What it is to run comes first; then it does what its parent asks.
 * It ends with the channel to its parent, however that ended, and its connections with it.
 */

import type { Request, ThreadData } from './messages.ts'
import { serveAgent } from './serving.ts'

process.on('disconnect', () => process.exit())
// The tool may have been killed while this file was loaded: nobody would tell of it any more.
if (!process.connected) process.exit()
process.once('message', (data: ThreadData) => {
  const answer = serveAgent(data)
  process.on('message', async (request: Request) => process.send?.(await answer(request)))
})
