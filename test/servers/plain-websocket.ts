import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { makeServerCertificate } from '../../reference-server/tls/certificates.ts'
import type { PlainServer, Secure } from './plain-http.ts'

/** A correct WebSocket server, each of whose connections `serve` gets with the request that asked for it. */
export async function startWebSocket(
  serve: (ws: WebSocket, request: http.IncomingMessage) => void,
  secure: Secure = false,
  options: ServerOptions = {},
): Promise<PlainServer> {
  const folder = mkdtempSync(join(tmpdir(), 'infer-bench-tls-'))
  const ca = join(folder, 'ca.pem')
  const versions = new Set<string>()
  const sockets = new Set<{ destroy(): void }>()
  let listener: http.Server | https.Server
  if (secure) {
    const made = makeServerCertificate(secure.hosts ?? ['127.0.0.1', 'localhost'], secure.validMs)
    writeFileSync(ca, made.ca)
    const { key, certificate: cert } = made
    listener = https.createServer({ key, cert, maxVersion: secure.maxVersion ?? 'TLSv1.3' })
  } else listener = http.createServer()
  listener.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const server = new WebSocketServer({ ...options, server: listener as http.Server })
  server.on('connection', (ws, request) => {
    versions.add(request.headers['sec-websocket-version'] ?? '')
    ws.on('error', () => {})
    serve(ws, request)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', () => resolve()))
  const { port } = listener.address() as AddressInfo
  return {
    url: `${secure ? 'wss' : 'ws'}://127.0.0.1:${port}/`,
    ca: secure ? ca : '',
    versions,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => listener.close(() => resolve()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
