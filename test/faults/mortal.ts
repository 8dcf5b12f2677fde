/**
 * A server of the way that its argument names, in a process of its own, which a test may kill. It is ready before it
 * listens: told a port (0: any), it listens there, and sends the port back. Then it sends 0 for each call.
 */

import { startFaultProxy } from './proxy.ts'
import { portOf, serverOf, WAYS } from './ways.ts'

const way = WAYS.find(({ name }) => name === process.argv[2])!
const server = await serverOf(way, false, () => void process.send!(0))
process.on('message', async (port: number) => {
  const proxy = await startFaultProxy({
    targetPort: () => portOf(server),
    at: 'call',
    spared: Number.POSITIVE_INFINITY,
    inject: () => {},
    noticed() {},
    port,
  })
  process.send!(proxy.port)
})
process.on('disconnect', () => process.exit(0))
process.send!(server.url)
