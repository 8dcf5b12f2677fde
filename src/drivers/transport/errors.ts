/** What went wrong beneath a protocol, as classes. */

import type net from 'node:net'
import { failure, type Outcome } from '../driver.ts'

const RESETS = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET'])
const TIMEOUTS = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])
/** What this machine has no more of. The server has nothing to do with it. */
const LIMITS: Readonly<Record<string, { class: string; sample: string }>> = {
  EMFILE: { class: 'client.descriptors', sample: 'this process may open no more descriptors (ulimit -n)' },
  ENFILE: { class: 'client.descriptors', sample: 'this machine has no descriptors left' },
  EADDRNOTAVAIL: { class: 'client.ports', sample: 'this machine has no port left for a connection there' },
}
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'INVALID_CA',
])

/**
 * Alerts about the client's certificate, or for want of one. Over TLS 1.3 a server tells them when the client takes the
 * handshake for done, so they may come to any call, or to the protocol's setup.
 */
const CLIENT_CERTIFICATE =
  /^ERR_SSL_(TLSV13_ALERT_CERTIFICATE_REQUIRED|TLSV1_ALERT_UNKNOWN_CA|SSLV3_ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+))$/

/** The class of an error that tells a limit of this machine; null for any other. */
export function limitOutcome(phase: string, { code = '' }: NodeJS.ErrnoException): Outcome | null {
  const limit = LIMITS[code]
  return limit ? failure(phase, limit.class, code, limit.sample) : null
}

/** The class of an error of the transport, in the given phase. */
export function tcpOutcome(phase: string, error: NodeJS.ErrnoException): Outcome {
  const code = error.code ?? ''
  if (code === 'ECONNREFUSED') return failure(phase, 'tcp.refused', code, error.message)
  if (RESETS.has(code)) return failure(phase, 'tcp.reset', code, error.message)
  const limit = limitOutcome(phase, error)
  if (limit) return limit
  if (TIMEOUTS.has(code)) return failure(phase, 'tcp.timeout', code, error.message)
  if (code.startsWith('ERR_SSL_')) return tlsOutcome(error)
  return failure(phase, 'tcp.error', code, error.message)
}

/** How a connection ended on which no call was open. */
export function closedOutcome(raw: net.Socket): Outcome {
  const { errored } = raw
  // Undici destroys a socket with errors of its own, also where the server just closed it.
  if (errored && !codeOf(errored).startsWith('UND_ERR_')) return tcpOutcome('connection', errored)
  return failure('connection', 'tcp.closed', '', 'the server closed the connection')
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? ''
}

/** The class of an error of looking up a name. */
export function dnsOutcome(error: NodeJS.ErrnoException): Outcome {
  return limitOutcome('dns', error) ?? failure('dns', 'dns', error.code ?? '', error.message)
}

/** The class of an error of TLS itself. */
export function tlsOutcome(error: NodeJS.ErrnoException): Outcome {
  const code = error.code ?? ''
  if (UNTRUSTED.has(code)) return failure('tls', 'tls.untrusted', code, error.message)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return failure('tls', 'tls.hostname', code, error.message)
  if (CLIENT_CERTIFICATE.test(code)) return failure('tls', 'tls.client_certificate', code, error.message)
  if (RESETS.has(code)) return failure('tls', 'tcp.reset', code, error.message)
  return failure('tls', 'tls.protocol', code, error.message)
}
