import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { makeServerCertificate } from '../../reference-server/tls/certificates.ts'

test('a certificate is good for its hosts, in all their forms, and signed by its CA', () => {
  const hosts = ['localhost', '127.0.0.1', '::1', '2001:db8::5:6', '::ffff:1.2.3.4', '::']
  const pem = makeServerCertificate(hosts)
  const ca = new X509Certificate(pem.ca)
  const certificate = new X509Certificate(pem.certificate)
  expect(certificate.verify(ca.publicKey)).toBe(true)
  expect(certificate.checkIssued(ca)).toBe(true)
  expect(ca.verify(ca.publicKey)).toBe(true)
  expect([ca.ca, certificate.ca]).toEqual([true, false])
  expect(certificate.checkHost('localhost')).toBe('localhost')
  for (const address of hosts.slice(1)) expect(certificate.checkIP(address)).toBe(address)
  expect(certificate.checkIP('127.0.0.2')).toBeUndefined()
  expect(certificate.checkHost('elsewhere.test')).toBeUndefined()
  expect(certificate.validFromDate.getTime()).toBeLessThan(Date.now())
  expect(certificate.validToDate.getTime()).toBeGreaterThan(Date.now() + 24 * 3600 * 1000)
})

test('no two are alike', () => {
  const [first, second] = [makeServerCertificate(['a.test']), makeServerCertificate(['a.test'])]
  const serials = [first.ca, first.certificate, second.ca, second.certificate].map(
    (pem) => new X509Certificate(pem).serialNumber,
  )
  expect(new Set(serials).size).toBe(4)
  expect(first.key).not.toBe(second.key)
})
