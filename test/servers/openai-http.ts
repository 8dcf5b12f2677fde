import { type PlainServer, startPlain } from './plain-http.ts'

const CHUNKS = 5

/** A chat endpoint that somebody else might have written: OpenAI's convention, whole or streamed, and no more. */
export async function startOpenai(): Promise<PlainServer> {
  return startPlain((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
        response.writeHead(404).end()
        return
      }
      const { stream, messages } = JSON.parse(body) as { stream?: boolean; messages?: unknown[] }
      if (!messages?.length) {
        response.writeHead(400).end('{"error":"no messages"}')
        return
      }
      if (!stream) {
        const choices = [{ index: 0, message: { role: 'assistant', content: 'a b c d e' } }]
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ choices, usage: { completion_tokens: CHUNKS } }))
        return
      }
      response.setHeader('content-type', 'text/event-stream')
      for (let count = 0; count < CHUNKS; count++) {
        response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'a ' } }] })}\n\n`)
      }
      response.end('data: [DONE]\n\n')
    })
  })
}
