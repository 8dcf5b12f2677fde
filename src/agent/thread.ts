/** A load thread: runs an agent and does what the conducting thread asks of it. */

import { parentPort, workerData } from 'node:worker_threads'
import { initHistograms } from '../record/histogram.ts'
import { Agent } from './agent.ts'
import { Board } from './board.ts'
import type { Reply, Request, ThreadData } from './messages.ts'

const { plan, worker, workers, board } = workerData as ThreadData
const port = parentPort!
const ready = initHistograms()
const agent = new Agent({ plan, env: process.env, worker, workers, live: new Board(board) })

port.on('message', async (request: Request) => {
  try {
    await ready
    port.postMessage({ id: request.id, value: await perform(request) } satisfies Reply)
  } catch (error) {
    // Its name is lost where it is copied to another thread.
    const told = { message: String(error), stack: (error as Error).stack ?? '' }
    port.postMessage({ id: request.id, error: told } satisfies Reply)
  }
})

async function perform(request: Request): Promise<Extract<Reply, { value: unknown }>['value']> {
  switch (request.do) {
    case 'renew':
      agent.renew(request.target, request.token)
      return null
    case 'check':
      return agent.check(request.caseIndex)
    case 'addFloor':
      return agent.addFloor(request.planned)
    case 'prepare':
      await agent.prepare(request.round)
      return null
    case 'run':
      return agent.run(request.startNs)
    case 'abandon':
      agent.abandon()
      return null
    case 'stop':
      agent.stop()
      return null
    case 'close':
      await agent.close()
      return null
  }
}
