import { exactBase64 } from './exact-base64.ts'

/**
 * Reads a `Client-Cert` header (RFC 9440, section 2.2): one byte sequence (RFC 8941, section 3.3.5) of the DER of the
 * client's certificate.
 *
 * Fails closed: a list, parameters, and base64 that is not canonical, which RFC 8941 would let a parser pass, are not
 * read.
 *
 * @returns the bytes, which may still be no certificate
 */
export function readClientCert(value: string): Buffer | undefined {
  const text = /^:([A-Za-z0-9+/=]+):$/.exec(value)?.[1]
  return text === undefined ? undefined : exactBase64(text)
}
