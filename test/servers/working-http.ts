/**
 * A server of one version: `node working-http.ts PORT MICROSECONDS [FAULT]` computes for so long a call. The fault: `mute`
 * never says that it listens, `exit` ends before it listens, `dies` ends after a second, `stubborn` ignores SIGTERM.
 */

import http from 'node:http'

const [port = '0', us = '0', fault = 'none'] = process.argv.slice(2)

if (fault === 'exit') {
  process.stderr.write(`starting\nno such model: ${process.env.MODEL ?? 'none'}\n`)
  process.exit(7)
}
if (fault === 'stubborn') process.on('SIGTERM', () => {})
if (fault === 'dies') setTimeout(() => process.exit(9), 1000)

const server = http.createServer((_request, response) => {
  const untilMs = performance.now() + Number(us) / 1000
  while (performance.now() < untilMs);
  response.end('{}')
})
server.listen(Number(port), '127.0.0.1', () => {
  if (fault !== 'mute') process.stdout.write('listening\n')
})
