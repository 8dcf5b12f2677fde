/**
 * An MCP server on standard input and output that misbehaves as its first argument says. It answers `answer` calls
 * well: with progress where it is asked for, and with what the call's `message` holds.
 */

import { spawn } from 'node:child_process'
import { writeFileSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { handshakeResult, type McpRequest, progressOf, textResult } from './plain-mcp.ts'

const [fault = 'none', ...rest] = process.argv.slice(2)
let calls = 0

const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)

/** Returns only when the message is in the pipe: Node's own stream would keep what nobody reads. */
function sayAtOnce(message: object): void {
  let rest = Buffer.from(`${JSON.stringify(message)}\n`)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(process.stdout.fd, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

const reply = ({ id }: McpRequest, result: object) => say({ jsonrpc: '2.0', id, result })

function call(request: McpRequest): void {
  calls++
  switch (fault) {
    case 'exit':
      process.stderr.write('out of memory\n')
      process.exitCode = 3
      process.stdin.destroy()
      return
    case 'garbage':
      if (calls === 1) {
        process.stdout.write('Segmentation fault\n')
        return
      }
      break
    case 'silent':
      return
    case 'deaf':
      // Without a stream that it reads, it would end.
      setInterval(() => {}, 1000)
      process.stdin.pause()
      return
    case 'wrong-id':
      say({ jsonrpc: '2.0', id: 4711, result: textResult('lost') })
      return
    case 'no-answer':
      say({ jsonrpc: '2.0', id: request.id })
      return
    case 'no-id':
      say({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'not JSON' } })
      return
    case 'pour': {
      // It stands still while nobody reads: the file tells how far it has come.
      const [file = '', count = '0', characters = '0'] = rest
      for (let index = 0; index < Number(count); index++) {
        sayAtOnce(progressOf(request, 'x'.repeat(Number(characters))))
        writeFileSync(file, String(index + 1))
      }
      reply(request, textResult(''))
      return
    }
    case 'split': {
      const line = `${JSON.stringify({ jsonrpc: '2.0', id: request.id, result: textResult('é'.repeat(5)) })}\n`
      const bytes = Buffer.from(line)
      const within = bytes.indexOf(0xa9)
      process.stdout.write(bytes.subarray(0, within))
      setTimeout(() => process.stdout.write(bytes.subarray(within)), 20)
      return
    }
  }
  if (fault === 'tracing') {
    // A reply that is as long as what was told of the trace: nothing, or 55 characters.
    reply(request, textResult(request.params._meta?.traceparent ?? ''))
    return
  }
  if (request.params._meta?.progressToken !== undefined) {
    // In one piece with the result: the SDK alone would lose it.
    const all = [
      progressOf(request, '01234'),
      { jsonrpc: '2.0', id: request.id, result: textResult('56789') },
    ]
    process.stdout.write(all.map((message) => `${JSON.stringify(message)}\n`).join(''))
    return
  }
  const { environment } = (request.params.arguments ?? {}) as { environment?: string }
  reply(
    request,
    textResult(environment === undefined ? '0123456789' : (process.env[environment] ?? 'not set')),
  )
}

if (fault === 'greeting') process.stdout.write('Starting, please wait\n')
if (fault === 'stubborn') {
  // It goes on after its input has ended, and has a child that does so, too.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  setInterval(() => {}, 1000)
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', ...rest], { stdio: 'inherit' })
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as McpRequest
  if (request.id === undefined) return
  const result = handshakeResult(request)
  if (fault === 'old' && result) reply(request, { ...result, protocolVersion: '1999-01-01' })
  else if (result) reply(request, result)
  else if (request.method === 'tools/list') reply(request, { tools: [] })
  else call(request)
})
