import type { X509Certificate } from 'node:crypto'
import type { SubjectName } from './profile.ts'
import { SubjectAlternativeNameExtension, X509Certificate as Certificate } from './x509.ts'

/** The subject alternative names of a certificate, of the kinds that this CA gives. */
export function subjectNames(certificate: X509Certificate): readonly SubjectName[] {
  const names = new Certificate(certificate.raw).getExtension(SubjectAlternativeNameExtension)?.names.items
  return (names ?? []).flatMap(({ type, value }) =>
    type === 'url' || type === 'dns' || type === 'ip' ? [{ type, value }] : [],
  )
}
