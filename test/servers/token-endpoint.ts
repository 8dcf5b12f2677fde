/** A token endpoint of OAuth 2.0 (client credentials), and a check of what it has given out. */

import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TokenEndpoint {
  url: string
  /** Bodies and `Authorization` headers of the requests so far. */
  requests: { body: URLSearchParams; authorization: string | undefined }[]
  /** Tokens given out and still valid. */
  valid: Set<string>
  stop(): Promise<void>
}

/** Replies to the nth request, from 0. `grant` gives out a token that counts as valid. */
type Answering = (
  response: http.ServerResponse,
  nth: number,
  grant: (token: string, more?: object) => void,
) => void

export async function startTokenEndpoint(answer: Answering): Promise<TokenEndpoint> {
  const requests: TokenEndpoint['requests'] = []
  const valid = new Set<string>()
  const server = http.createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const { authorization } = request.headers
      requests.push({ body: new URLSearchParams(body), authorization })
      answer(response, requests.length - 1, (token, more = {}) => {
        valid.add(token)
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', ...more }))
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    requests,
    valid,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
