import net from 'node:net'

export interface CuttingProxy {
  port: number
  /** Connections cut so far. */
  cuts: number
  stop(): Promise<void>
}

/**
 * Passes bytes on between its clients and a port of this machine, and cuts a connection once so many bytes have come
 * back on it. `cutAfter` is asked for each connection, the first one 0; infinity: it is left alone.
 */
export async function startCuttingProxy(
  targetPort: number,
  cutAfter: (connection: number) => number,
): Promise<CuttingProxy> {
  const sockets = new Set<net.Socket>()
  let connections = 0
  const server = net.createServer((client) => {
    const limit = cutAfter(connections++)
    const upstream = net.connect(targetPort, '127.0.0.1')
    let passed = 0
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (bytes: Buffer) => {
      const rest = limit - passed
      passed += bytes.length
      client.write(bytes.subarray(0, Math.max(0, rest)))
      if (passed < limit) return
      proxy.cuts++
      client.end()
      upstream.destroy()
    })
  })
  const proxy: CuttingProxy = {
    port: 0,
    cuts: 0,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  proxy.port = (server.address() as net.AddressInfo).port
  return proxy
}
