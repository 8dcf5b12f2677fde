/**
 * An HTTP server of known behaviour, in a process of its own, that logs what each reply really took: the delay
 * between the request's arrival and the reply, by this process's own clock. A test that compares with the
 * log asks whether the client reads what happened, not whether a noisy machine kept its timers. It polls instead of
 * sleeping, so that it sees a request, and keeps a due time, within microseconds.
 *
 *   GET /fixed?ms=20                   replies after 20 ms
 *   GET /bimodal?fast=5&slow=80        every 20th reply after 80 ms, the others after 5 ms
 *   GET /stall?after=4500&for=1000     replies at once, but stands still for 1 s, 4.5 s after the first request
 *   GET /flaky?every=33                every 33rd reply is a 503
 *   GET /stream?chunks=50&gap=10       an SSE stream, a chunk every 10 ms, then `[DONE]` where `openai=1`
 *   GET /log                           what happened since the last look: { delaysMs, gapsMs, firstChunkMs, calls, errors }
 */

import http from 'node:http'

interface Log {
  delaysMs: number[]
  gapsMs: number[]
  firstChunkMs: number[]
  calls: number
  errors: number
}

const BEHAVIOURS = new Set(['/fixed', '/bimodal', '/stall', '/flaky', '/stream'])

const emptyLog = (): Log => ({ delaysMs: [], gapsMs: [], firstChunkMs: [], calls: 0, errors: 0 })
let log = emptyLog()
let firstRequestMs = Number.NaN

const due: { atMs: number; run(): void }[] = []

function after(delayMs: number, run: () => void): void {
  due.push({ atMs: performance.now() + delayMs, run })
}

function poll(): void {
  const nowMs = performance.now()
  for (let index = due.length - 1; index >= 0; index--) {
    const one = due[index]!
    if (one.atMs > nowMs) continue
    due.splice(index, 1)
    one.run()
  }
  setImmediate(poll)
}

const server = http.createServer((request, response) => {
  const arrivedMs = performance.now()
  const url = new URL(request.url ?? '/', 'http://known')
  const number = (name: string) => Number(url.searchParams.get(name))
  request.resume()
  if (url.pathname === '/log') {
    response.end(JSON.stringify(log))
    log = emptyLog()
    firstRequestMs = Number.NaN
    return
  }
  const reply = (statusCode: number) => {
    log.delaysMs.push(performance.now() - arrivedMs)
    if (statusCode !== 200) log.errors++
    response.writeHead(statusCode).end('{}')
  }
  if (!BEHAVIOURS.has(url.pathname)) {
    response.writeHead(404).end()
    return
  }
  log.calls++
  switch (url.pathname) {
    case '/fixed':
      after(number('ms'), () => reply(200))
      return
    case '/bimodal':
      after(log.calls % 20 === 0 ? number('slow') : number('fast'), () => reply(200))
      return
    case '/stall': {
      if (Number.isNaN(firstRequestMs)) firstRequestMs = arrivedMs
      const sinceStartMs = arrivedMs - firstRequestMs - number('after')
      const isStalled = sinceStartMs >= 0 && sinceStartMs < number('for')
      if (isStalled) after(number('for') - sinceStartMs, () => reply(200))
      else reply(200)
      return
    }
    case '/flaky':
      reply(log.calls % number('every') === 0 ? 503 : 200)
      return
    case '/stream':
      stream(response, arrivedMs, number('chunks'), number('gap'), url.searchParams.has('openai'))
      return
  }
})

function stream(
  response: http.ServerResponse,
  arrivedMs: number,
  chunks: number,
  gapMs: number,
  openai: boolean,
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  const data = openai ? JSON.stringify({ choices: [{ delta: { content: 'x' } }] }) : 'x'
  let sent = 0
  let lastMs = Number.NaN
  const startMs = performance.now()
  const next = () => {
    response.write(`data: ${data}\n\n`)
    const nowMs = performance.now()
    if (sent === 0) log.firstChunkMs.push(nowMs - arrivedMs)
    else log.gapsMs.push(nowMs - lastMs)
    lastMs = nowMs
    sent++
    if (sent < chunks) after(startMs + (sent + 1) * gapMs - performance.now(), next)
    else response.end(openai ? 'data: [DONE]\n\n' : undefined)
  }
  after(gapMs, next)
}

server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  poll()
  process.send?.((server.address() as { port: number }).port)
})
process.on('disconnect', () => process.exit(0))
