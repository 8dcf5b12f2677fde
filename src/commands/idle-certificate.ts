import type { Certificate } from '../drivers/driver.ts'

/** A certificate for do-nothing servers of this run, which no client checks. */
export async function makeIdleCertificate(): Promise<Certificate> {
  const { makeServerCertificate } = await import('../../reference-server/tls/certificates.ts')
  return makeServerCertificate(['127.0.0.1'])
}
