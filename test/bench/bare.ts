/**
 * The bare libraries, doing what the tool does with them and nothing else: `bare.ts NAME PORT CONCURRENCY SECONDS`. Prints
 * the calls, or messages of streams, per second of this thread's CPU time, after a warm-up of half a second.
 */

import { Buffer } from 'node:buffer'
import { credentials, Client as GrpcClient } from '@grpc/grpc-js'
import { Client as McpClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { createParser } from 'eventsource-parser'
import { Client as HttpClient } from 'undici'
import { WebSocket } from 'ws'

const WARMUP_MS = 500

/** Starts a call, and tells of its end and of how many messages it had. */
type Start = (ended: (messages: number) => void) => void

const same = (bytes: Buffer): Buffer => bytes

function grpc(port: number): GrpcClient {
  return new GrpcClient(`127.0.0.1:${port}`, credentials.createInsecure())
}

const BARE: Record<string, (port: number, concurrency: number) => Promise<Start>> = {
  'grpc-unary': async (port) => {
    const client = grpc(port)
    const request = Buffer.from('hello')
    return (ended) => {
      client.makeUnaryRequest('/bench.Bench/One', same, same, request, (error) => {
        if (error) throw error
        ended(1)
      })
    }
  },
  'grpc-stream': async (port) => {
    const client = grpc(port)
    const request = Buffer.from('hello')
    return (ended) => {
      let messages = 0
      const stream = client.makeServerStreamRequest('/bench.Bench/Stream', same, same, request)
      stream.on('data', () => {
        messages++
      })
      stream.on('end', () => ended(messages))
    }
  },
  websocket: async (port) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false })
    await new Promise((resolve) => ws.once('open', resolve))
    const waiting: ((messages: number) => void)[] = []
    ws.on('message', () => waiting.shift()!(1))
    return (ended) => {
      waiting.push(ended)
      ws.send('hello')
    }
  },
  sse: async (port, concurrency) => {
    const idle = Array.from({ length: concurrency }, () => new HttpClient(`http://127.0.0.1:${port}`))
    const decoder = new TextDecoder()
    return (ended) => {
      const client = idle.pop()!
      let messages = 0
      const parser = createParser({
        onEvent: ({ data }) => {
          if (data === '[DONE]') return
          const { choices } = JSON.parse(data) as { choices: { delta: { content: string } }[] }
          if (choices[0]!.delta.content.length > 0) messages++
        },
      })
      client.dispatch(
        {
          path: '/',
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"messages":[]}',
        },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData: (_controller, chunk) => parser.feed(decoder.decode(chunk, { stream: true })),
          onResponseEnd: () => {
            idle.push(client)
            ended(messages)
          },
          onResponseError: (_controller, error) => {
            throw error
          },
        },
      )
    }
  },
  mcp: async (port, concurrency) => {
    const idle = await Promise.all(
      Array.from({ length: concurrency }, async () => {
        const client = new McpClient({ name: 'bare', version: '1' })
        await client.connect(
          new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`)) as never,
        )
        return client
      }),
    )
    return (ended) => {
      const client = idle.pop()!
      void client.callTool({ name: 'bench', arguments: {} }).then(() => {
        idle.push(client)
        ended(1)
      })
    }
  },
}

const [name, port, concurrency, seconds] = process.argv.slice(2)
const start = await BARE[name!]!(Number(port), Number(concurrency))
let done = 0
const goOn = (messages: number) => {
  done += messages
  start(goOn)
}
for (let slot = 0; slot < Number(concurrency); slot++) start(goOn)

function look(): { done: number; cpuMs: number } {
  const { user, system } = process.threadCpuUsage()
  return { done, cpuMs: (user + system) / 1000 }
}

setTimeout(() => {
  const before = look()
  setTimeout(() => {
    const after = look()
    process.stdout.write(`${((after.done - before.done) / (after.cpuMs - before.cpuMs)) * 1000}\n`)
    process.exit(0)
  }, Number(seconds) * 1000)
}, WARMUP_MS)
