import { expect, test } from 'vitest'
import { dnsOutcome, tcpOutcome, tlsOutcome } from '../../src/drivers/transport/errors.ts'

const errorOf = (code: string) => Object.assign(new Error(`connect ${code}`), { code })

test.each([
  ['ECONNREFUSED', 'tcp.refused'],
  ['ECONNRESET', 'tcp.reset'],
  ['EPIPE', 'tcp.reset'],
  ['ETIMEDOUT', 'tcp.timeout'],
  ['EHOSTUNREACH', 'tcp.timeout'],
  ['EMFILE', 'client.descriptors'],
  ['ENFILE', 'client.descriptors'],
  ['EADDRNOTAVAIL', 'client.ports'],
  ['ESOMETHING', 'tcp.error'],
])('%s of a connection: %s', (code, expected) => {
  expect(tcpOutcome('tcp', errorOf(code))).toMatchObject({ phase: 'tcp', class: expected, code })
})

test('a name that cannot be looked up for want of a descriptor is the client’s limit, and no error of DNS', () => {
  expect(dnsOutcome(errorOf('EMFILE'))).toMatchObject({ phase: 'dns', class: 'client.descriptors' })
  expect(dnsOutcome(errorOf('ENOTFOUND'))).toMatchObject({ phase: 'dns', class: 'dns' })
})

test('a connection that is reset within the TLS handshake: tcp.reset', () => {
  expect(tlsOutcome(errorOf('ECONNRESET'))).toMatchObject({ phase: 'tls', class: 'tcp.reset' })
})
