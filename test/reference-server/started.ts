import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Limits } from '../../reference-server/limits.ts'
import { type ReferenceServer, startServer } from '../../reference-server/server.ts'

/** A reference server on free ports of this machine, on the CPU, which every machine has. */
export function started(limits: Partial<Limits> = {}, tls = false): Promise<ReferenceServer> {
  return startServer({
    providers: ['cpu'],
    workers: 1,
    batching: { size: 1, waitMs: 0 },
    tls: tls ? { port: 0 } : null,
    limits,
    version: '1.2.3',
  })
}

export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const raw = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  return fetch(url, {
    method: 'POST',
    body: raw as string,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/** The value of one metric, labels included in its name. */
export async function metric(server: ReferenceServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.httpUrl}/metrics`)).text()
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `))
  return line === undefined ? 0 : Number(line.slice(name.length + 1))
}

/** Asks again until the answer is yes; fails after five seconds, which no passing test comes near. */
export async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not come true within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A bare connection, for what no HTTP client would send. */
export function rawConnection(server: ReferenceServer): Socket {
  return connect(Number(new URL(server.httpUrl).port), '127.0.0.1')
}

/** What the server says on a connection, from now on, until it closes it. */
export async function untilClosed(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  socket.resume()
  await once(socket, 'close')
  return text
}
