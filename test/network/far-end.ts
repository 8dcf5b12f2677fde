/**
 * What stands at the server's end of a link: the contract suite's twin of every interface, in clear text and over both
 * versions of TLS, and a name server. The twins listen on 127.0.0.1, so a relay takes their bytes to the link as they are.
 */

import net from 'node:net'
import { TWINS } from '../contract/twins.ts'
import type { Secure } from '../servers/plain-http.ts'
import { SERVER } from './link.ts'
import { startNameServer } from './name-server.ts'

export const HOST = 'known.test'
export const NAME_SERVER_DELAY_MS = 25
/** How a connection is made: in clear text, with a version of TLS, and with a session of it that is resumed. */
export type Way = 'clear' | 'tls13' | 'tls12' | 'tls13-resumed' | 'tls12-resumed'

const WAYS: Record<Way, Secure> = {
  clear: false,
  tls13: { maxVersion: 'TLSv1.3' },
  tls12: { maxVersion: 'TLSv1.2' },
  'tls13-resumed': { maxVersion: 'TLSv1.3' },
  'tls12-resumed': { maxVersion: 'TLSv1.2' },
}

export interface FarServer {
  interface: string
  way: Way
  url: string
  port: number
  ca: string
  options: Record<string, unknown>
}

async function relay(port: number): Promise<void> {
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = net.connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(port, SERVER, resolve))
}

async function startAll(): Promise<FarServer[]> {
  const servers: FarServer[] = []
  const names = new Set(TWINS.map(({ name }) => name))
  for (const name of names) {
    const twin = TWINS.find((one) => one.name === name)!
    for (const [way, secure] of Object.entries(WAYS) as [Way, Secure][]) {
      const { url, ca } = await twin.start(() => 'answer', secure && { ...secure, hosts: [HOST, SERVER] })
      const port = Number(new URL(url).port)
      await relay(port)
      const options = twin.target.options ?? {}
      servers.push({ interface: name, way, url: url.replace('127.0.0.1', SERVER), port, ca, options })
    }
  }
  return servers
}

if (import.meta.main) {
  await startNameServer(SERVER, 53, SERVER, NAME_SERVER_DELAY_MS)
  process.send!(await startAll())
  process.on('disconnect', () => process.exit(0))
}
