import type { X509Certificate } from 'node:crypto'
import { parseSpiffeUri } from './name.ts'
import type { ClientIdentity } from './profile.ts'
import { SubjectAlternativeNameExtension, X509Certificate as Certificate } from './x509.ts'

/** A client, as its certificate names it. */
export interface NamedClient {
  /** As in `spiffe://sallyport.internal/service/billing`. */
  readonly uri: string
  /** The same, taken apart. */
  readonly identity: ClientIdentity
}

/**
 * The client that a certificate names; whose certificate it is, is not judged.
 *
 * Fails closed: `undefined` unless its one name, of whatever kind, is the URI of a client.
 */
export function namedClient(certificate: X509Certificate): NamedClient | undefined {
  const names = new Certificate(certificate.raw).getExtension(SubjectAlternativeNameExtension)?.names.items
  const [only, ...more] = names ?? []
  const identity = only?.type === 'url' && more.length === 0 ? parseSpiffeUri(only.value) : undefined
  return only && identity && { uri: only.value, identity }
}
