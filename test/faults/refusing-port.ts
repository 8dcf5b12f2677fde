import net from 'node:net'

export interface RefusingPort {
  port: number
  stop(): Promise<void>
}

/** A port on which nobody listens, nor will: the end of a connection has it, so no other program is given it. */
export async function holdRefusingPort(): Promise<RefusingPort> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const holder = net.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1' })
  const [far] = await Promise.all([
    new Promise<net.Socket>((resolve) => server.once('connection', resolve)),
    new Promise((resolve, reject) => holder.once('connect', resolve).once('error', reject)),
  ])
  return {
    port: holder.localPort!,
    stop: () => {
      holder.destroy()
      far.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
