/** Schemes of URLs that mean TLS, as `URL.protocol` writes them. */
const SECURE_SCHEMES = new Set(['https:', 'grpcs:', 'wss:'])

/** @param scheme `protocol` of a URL, colon included. */
export function isSecureScheme(scheme: string): boolean {
  return SECURE_SCHEMES.has(scheme)
}
