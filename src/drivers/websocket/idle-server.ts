import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { IdleServer } from '../driver.ts'

/** Answers each message with an empty one. */
export async function startIdleServer(): Promise<IdleServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', (ws) => {
    ws.on('error', () => {})
    ws.on('message', () => ws.send(''))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', resolve)
  })
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      server.close()
      for (const ws of server.clients) ws.terminate()
    },
  }
}
