/** A load thread: runs an agent and does what the conducting thread asks of it. */

import { parentPort, workerData } from 'node:worker_threads'
import type { Request, ThreadData } from './messages.ts'
import { serveAgent } from './serving.ts'

const answer = serveAgent(workerData as ThreadData)

parentPort!.on('message', async (request: Request) => parentPort!.postMessage(await answer(request)))
