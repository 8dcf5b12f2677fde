/**
 * A program: starts and stops do-nothing servers as its parent asks, with the event loop to itself. It ends with the
 * channel to its parent, however that ended, and its ports with it.
 */

import type { IdleServer } from '../drivers/driver.ts'
import { protocol } from '../drivers/registry.ts'
import type { IdleOrder, IdleReply } from './idle-messages.ts'

const servers = new Map<number, IdleServer>()

process.on('disconnect', () => process.exit())
// The tool may have been killed while this file was loaded: nobody would tell of it any more.
if (!process.connected) process.exit()
process.on('message', (order: IdleOrder) => {
  if (order.do === 'start') void start(order)
  else {
    servers.get(order.id)?.close()
    servers.delete(order.id)
  }
})

async function start({ id, interface: name, asked }: IdleOrder & { do: 'start' }): Promise<void> {
  try {
    const server = await protocol(name).idleServer(asked)
    servers.set(id, server)
    const { close: _close, ...told } = server
    tell({ id, server: told })
  } catch (error) {
    tell({ id, error: (error as Error).message })
  }
}

function tell(reply: IdleReply): void {
  process.send?.(reply)
}
