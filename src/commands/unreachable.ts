/** What is said of targets that cannot be reached, each with its cure. */

import { EXIT, type ExitCode } from '../exit-codes.ts'
import { clean } from '../report/clean.ts'
import { printable } from '../values/printable.ts'
import type { Unreachable } from './measure.ts'

export function tellUnreachable(unreachable: readonly Unreachable[]): ExitCode[] {
  for (const one of unreachable) process.stderr.write(`error: ${printable(explain(one))}\n`)
  return [EXIT.unreachable]
}

function explain({ target, url, outcome }: Unreachable): string {
  const cure = CURES.find(([prefix]) => outcome.class.startsWith(prefix))?.[1]
  const code = outcome.code && !outcome.sample.includes(outcome.code) ? ` (${outcome.code})` : ''
  const what = outcome.phase === 'auth' ? 'has no token from' : 'cannot be reached at'
  return `target ${target} ${what} ${url}: ${outcome.class}: ${clean(outcome.sample)}${code}${cure ? `\n  ${cure}` : ''}`
}

const CURES: readonly (readonly [string, string])[] = [
  ['tcp.refused', 'Nothing listens there: start the server, or correct the url.'],
  ['dns', 'The host name does not resolve: correct the url.'],
  [
    'tls.untrusted',
    'Name the CA that signed the certificate: tls: { ca: ca.pem }, or tls: { verify: false }.',
  ],
  [
    'client.descriptors',
    'Each connection takes one: raise the limit with `ulimit -n`, or lower concurrency or connections.',
  ],
  ['auth.token', 'Check auth.oauth2: the URL of the token endpoint, the client and its secret.'],
  ['tls.hostname', 'The certificate is for another name: set tls: { servername: … }.'],
  ['tls.client_certificate', 'The server wants a certificate that it trusts: set tls: { cert: …, key: … }.'],
  [
    'tls.protocol',
    'Is it an https endpoint? Does it speak TLS 1.2 or 1.3, and want no certificate (tls.cert)?',
  ],
  [
    'timeout.connect',
    'Is the host reachable from here? A longer wait is set with timeout: { connect: 30s }.',
  ],
]
