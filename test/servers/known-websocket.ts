import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { Known } from './known-behaviour.ts'

const FAILED = 1011

const END_MARK = '[DONE]'

/**
 * WebSocket in both of the conventions that `raw` knows: messages with an id, of many calls at once, or plain ones, of one
 * call at a time. `kind` in the header `known` says who streams.
 */
export function startKnownWebSocket(): Promise<number> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', (ws, request) => {
    const known = String(request.headers.known ?? 'does=reply&ms=0')
    const kind = new URLSearchParams(known).get('kind')
    const [clientStreams, replyStreams] = [
      kind === 'client-stream' || kind === 'bidi',
      kind === 'server-stream' || kind === 'bidi',
    ]
    const open = new Map<string, Known>()
    const begin = (id: string): Known => {
      const call = new Known(known, performance.now(), {
        chunk: () => void (replyStreams && ws.send('x')),
        // White space may stand before JSON. Fragments of one message come one after the other: one call at a time.
        piece: () => ws.send(' ', { fin: false }),
        reply: (written) => {
          open.delete(id)
          ws.send(id === '' ? (replyStreams ? END_MARK : '{}') : `{"id":"${id}"}`)
          written()
        },
        fail: () => {
          open.delete(id)
          ws.close(FAILED)
        },
      })
      open.set(id, call)
      return call
    }
    ws.on('error', () => {})
    ws.on('close', () => {
      for (const call of open.values()) call.cancelled()
    })
    ws.on('message', (message) => {
      const text = String(message)
      const id = text.startsWith('{') ? (JSON.parse(text) as { id: string }).id : ''
      const call = open.get(id) ?? begin(id)
      if (text !== END_MARK) call.message()
      if (text === END_MARK || !clientStreams) call.requested()
    })
  })
  return new Promise((resolve) => {
    server.on('listening', () => resolve((server.address() as AddressInfo).port))
  })
}
