import net from 'node:net'
import type { IdleServer } from '../driver.ts'

/** Answers whatever comes in one piece, as a request without a body does, with the same bytes. */
export async function startIdleServer(reply: string): Promise<IdleServer> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', () => socket.write(reply))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
