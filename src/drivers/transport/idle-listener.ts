import type { AddressInfo, Server, Socket } from 'node:net'

/** Where a do-nothing server listens. */
export interface IdleListener {
  /** `127.0.0.1:port`. */
  host: string
  /** Frees the port and ends every connection at once. */
  close(): void
}

/** Lets a server of TCP, or of anything on top of it, listen on a free port of this machine alone. */
export async function listenIdle(server: Server): Promise<IdleListener> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  // A client that gives up its handshake is no concern of a server that does nothing.
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
