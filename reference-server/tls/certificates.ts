import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import * as der from './der.ts'

/** A certificate and its private key, in PEM. */
interface Certified {
  certificate: string
  key: string
}

/** What a TLS server needs to prove itself, and what its clients need to believe it. All PEM. */
export interface ServerCertificate extends Certified {
  ca: string
  /** For a client of a server that asks for a certificate, signed by the same authority. */
  client: Certified
}

/** What a port that speaks TLS needs. */
export interface ListenerCertificate extends Certified {
  /** Clients must have a certificate that this authority has signed; null: they need none. */
  clientCa: string | null
}

const lifetimeMs = 90 * 24 * 3600 * 1000
const hourMs = 3600 * 1000
const ecdsaWithSha256 = der.sequence(der.identifier('1.2.840.10045.4.3.2'))

/**
 * A new certificate authority and a server certificate signed by it. The authority's private key is
 * forgotten on return, so trusting it trusts this one certificate, its client's, and nothing else.
 * @param hosts Host names and IP addresses that clients will connect to.
 * @param validMs For how long the server's certificate is good; negative for one that has expired.
 */
export function makeServerCertificate(hosts: string[], validMs = lifetimeMs): ServerCertificate {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const client = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const authorityName = 'infer-bench throw-away CA'
  const issuer = { name: authorityName, publicKey: authority.publicKey, privateKey: authority.privateKey }
  return {
    ca: signed(issuer, authorityName, authority.publicKey, lifetimeMs, [
      extension('2.5.29.19', der.sequence(der.yes()), 'critical'),
      // keyCertSign and cRLSign.
      extension('2.5.29.15', der.bits(Uint8Array.of(0x06), 1), 'critical'),
    ]),
    certificate: signed(issuer, 'infer-bench reference server', server.publicKey, validMs, [
      ...leafExtensions(serverAuth),
      extension('2.5.29.17', der.sequence(...hosts.map(alternativeName))),
    ]),
    key: pem(server.privateKey),
    client: {
      certificate: signed(
        issuer,
        'infer-bench client',
        client.publicKey,
        lifetimeMs,
        leafExtensions(clientAuth),
      ),
      key: pem(client.privateKey),
    },
  }
}

const serverAuth = '1.3.6.1.5.5.7.3.1'
const clientAuth = '1.3.6.1.5.5.7.3.2'

function leafExtensions(purpose: string): Buffer[] {
  return [
    extension('2.5.29.19', der.sequence(), 'critical'),
    // digitalSignature.
    extension('2.5.29.15', der.bits(Uint8Array.of(0x80), 7), 'critical'),
    extension('2.5.29.37', der.sequence(der.identifier(purpose))),
  ]
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}

interface Issuer {
  name: string
  publicKey: KeyObject
  privateKey: KeyObject
}

/** A version 3 certificate (RFC 5280, section 4.1). */
function signed(
  issuer: Issuer,
  subject: string,
  publicKey: KeyObject,
  validMs: number,
  extensions: Buffer[],
): string {
  const serial = randomBytes(16)
  // RFC 5280 wants it positive and without needless leading zeros.
  serial[0] = (serial[0]! & 0x7f) | 0x40
  // An hour back, for clients whose clock is behind.
  const notBefore = new Date(Date.now() - hourMs)
  const notAfter = new Date(Date.now() + validMs)
  const body = der.sequence(
    der.explicit(0, der.integer(Uint8Array.of(2))),
    der.integer(serial),
    ecdsaWithSha256,
    commonName(issuer.name),
    der.sequence(der.utcTime(notBefore), der.utcTime(notAfter)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(
      3,
      der.sequence(
        ...extensions,
        // Strict verifiers, Python's among them, ask for both key identifiers.
        extension('2.5.29.14', der.octets(keyIdentifier(publicKey))),
        extension('2.5.29.35', der.sequence(der.implicit(0, keyIdentifier(issuer.publicKey)))),
      ),
    ),
  )
  const certificate = der.sequence(body, ecdsaWithSha256, der.bits(sign('sha256', body, issuer.privateKey)))
  const lines = certificate.toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

function commonName(name: string): Buffer {
  return der.sequence(der.set(der.sequence(der.identifier('2.5.4.3'), der.utf8(name))))
}

function extension(identifier: string, value: Uint8Array, critical?: 'critical'): Buffer {
  const head = critical ? [der.identifier(identifier), der.yes()] : [der.identifier(identifier)]
  return der.sequence(...head, der.octets(value))
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest()
}

function alternativeName(host: string): Buffer {
  const family = isIP(host)
  if (family === 0) return der.implicit(2, Buffer.from(host))
  return der.implicit(7, family === 4 ? Uint8Array.from(host.split('.').map(Number)) : ipv6Bytes(host))
}

function ipv6Bytes(host: string): Uint8Array {
  // A URL's host is canonical: no embedded IPv4 part is left to parse.
  const canonical = new URL(`http://[${host}]`).hostname.slice(1, -1)
  const [head, tail] = canonical.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = Array<string>(8 - head!.length - (tail?.length ?? 0)).fill('0')
  const groups = tail ? [...head!, ...zeros, ...tail] : head!
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]))
}
