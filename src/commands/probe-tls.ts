import net from 'node:net'
import tls from 'node:tls'
import type { TlsFacts } from '../result/probing.ts'

const MS_PER_DAY = 86_400_000
/** No chain that anybody trusts is longer, and one that goes in circles ends. */
const MOST_CERTIFICATES = 10

interface Asked {
  hostname: string
  port: number
  ca: Buffer | undefined
  timeoutMs: number
}

/**
 * What a server shows of itself in a TLS handshake of its own, whether it can be trusted or not. Null where there is no
 * handshake: the measurement tells why.
 */
export function tlsFacts({ hostname, port, ca, timeoutMs }: Asked): Promise<TlsFacts | null> {
  return new Promise((resolve) => {
    const socket = tls.connect({
      host: hostname,
      port,
      ca,
      servername: net.isIP(hostname) ? '' : hostname,
      ALPNProtocols: ['h2', 'http/1.1'],
      // A chain that nobody trusts is what somebody looks for who asks.
      rejectUnauthorized: false,
      timeout: timeoutMs,
    })
    const end = (facts: TlsFacts | null) => {
      socket.destroy()
      resolve(facts)
    }
    socket.once('error', () => end(null))
    socket.once('timeout', () => end(null))
    socket.once('close', () => resolve(null))
    socket.once('secureConnect', () => {
      const { authorizationError } = socket
      end({
        version: socket.getProtocol() ?? 'unknown',
        cipher: socket.getCipher().standardName,
        alpn: socket.alpnProtocol || null,
        distrust: authorizationError ? String(authorizationError) : null,
        chain: chainOf(socket.getPeerCertificate(true)),
      })
    })
  })
}

function chainOf(own: tls.DetailedPeerCertificate): TlsFacts['chain'] {
  const chain: TlsFacts['chain'] = []
  let certificate: tls.DetailedPeerCertificate | undefined = own
  // The last one is its own issuer.
  for (let last = ''; certificate?.fingerprint256 && certificate.fingerprint256 !== last; ) {
    last = certificate.fingerprint256
    chain.push({
      subject: nameOf(certificate.subject),
      issuer: nameOf(certificate.issuer),
      valid_from: new Date(certificate.valid_from).toISOString(),
      valid_to: new Date(certificate.valid_to).toISOString(),
      days_left: Math.floor((Date.parse(certificate.valid_to) - Date.now()) / MS_PER_DAY),
    })
    if (chain.length === MOST_CERTIFICATES) break
    certificate = certificate.issuerCertificate
  }
  return chain
}

function nameOf(entity: tls.Certificate | undefined): string {
  const { CN: name, O: organization } = entity ?? {}
  return [name ?? organization ?? 'unnamed'].flat().join(', ')
}
