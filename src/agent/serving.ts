import { initHistograms } from '../record/histogram.ts'
import { Agent } from './agent.ts'
import { Board } from './board.ts'
import type { Reply, Request, ThreadData } from './messages.ts'

/** Runs an agent. Returns what does as the conducting thread asks, one request each. */
export function serveAgent({
  plan,
  worker,
  workers,
  tracePrefix,
  board,
}: ThreadData): (request: Request) => Promise<Reply> {
  const ready = initHistograms()
  const live = new Board(board ?? undefined)
  const agent = new Agent({ plan, env: process.env, worker, workers, tracePrefix, live })
  return async (request) => {
    try {
      await ready
      return { id: request.id, value: await perform(agent, request) }
    } catch (error) {
      // Its name is lost where it is copied to another thread.
      const told = { message: String(error), stack: (error as Error).stack ?? '' }
      return { id: request.id, error: told }
    }
  }
}

async function perform(agent: Agent, request: Request): Promise<Extract<Reply, { value: unknown }>['value']> {
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
    case 'warm':
      await agent.warm(request.caseIndex, request.sessions)
      return null
    case 'settle':
      // The last resort: a plain collection keeps the pages that fall free, for what may come.
      globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
      return null
    case 'memory':
      return process.memoryUsage.rss()
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
