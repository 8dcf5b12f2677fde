import net from 'node:net'

/** One connection of the tool, as a fault sees it. */
export interface Line {
  /** To the tool. */
  socket: net.Socket
  /** All that the tool has sent on it so far. */
  heard(): Buffer
}

/**
 * Does something to a connection of the tool, once for each time that it is due. From then on the line is the fault's:
 * what the server still sends is handed to the function that is returned, or swallowed where there is none.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: most faults return nothing, and need not say so.
export type Inject = (line: Line) => void | ((piece: Buffer) => void)

export interface FaultProxyOptions {
  /** The port on this machine of the server that a connection is for, the first one 0. */
  targetPort(connection: number): number
  /** When the fault is due: when the tool has connected, or when the server has got a call. */
  at: 'connection' | 'call'
  /** So many connections of the tool are left alone. */
  spared: number
  /** Null: after the spared connections nobody listens any more. */
  inject: Inject | null
  /** Told of each connection, and of each call. */
  noticed(): void
  /** To listen on; left out: any that is free. */
  port?: number
}

export interface FaultProxy {
  port: number
  /** Faults done so far. */
  injected: number
  /** The server has got a call, over a connection from this port of this machine. */
  called(port: number): void
  stop(): Promise<void>
}

/** Passes bytes on between the tool and a server, until a fault is due. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { targetPort, at, spared, inject, noticed } = options
  const sockets = new Set<net.Socket>()
  /** By the port from which the server sees them. */
  const lines = new Map<number, () => void>()
  let connections = 0

  const server = net.createServer((socket) => {
    const index = connections++
    noticed()
    if (!inject && connections >= spared) server.close()
    const upstream = net.connect(targetPort(index), '127.0.0.1')
    const heard: Buffer[] = []
    const line: Line = { socket, heard: () => Buffer.concat(heard) }
    let pass: ((piece: Buffer) => void) | null = null
    const fault = () => {
      proxy.injected++
      pass = inject!(line) ?? (() => {})
    }
    follow(sockets, socket, upstream)
    upstream.on('end', () => {
      if (!pass) socket.end()
    })
    socket.on('data', (piece: Buffer) => {
      heard.push(piece)
      upstream.write(piece)
    })
    upstream.on('data', (piece: Buffer) => (pass ? pass(piece) : socket.write(piece)))
    upstream.once('connect', () => {
      const port = upstream.localPort!
      lines.set(port, fault)
      upstream.once('close', () => lines.delete(port))
    })
    if (at === 'connection' && inject && index >= spared) fault()
  })
  const proxy: FaultProxy = {
    port: 0,
    injected: 0,
    called(port) {
      noticed()
      if (at === 'call') lines.get(port)?.()
    },
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', () => resolve()))
  proxy.port = (server.address() as net.AddressInfo).port
  return proxy
}

/** Where the tool goes away, its connection to the server is of no further use. */
function follow(sockets: Set<net.Socket>, socket: net.Socket, upstream: net.Socket): void {
  for (const one of [socket, upstream]) {
    sockets.add(one)
    one.setNoDelay(true)
    one.on('error', () => {})
    one.on('close', () => sockets.delete(one))
  }
  socket.on('end', () => upstream.end())
  socket.on('close', () => upstream.destroy())
}
