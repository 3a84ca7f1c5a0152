import { onOneLine } from '../auth/certificate.ts'
import { certificatesIn } from '../config/certificate-file.ts'
import type { Config } from '../config/config.ts'
import { installedFile } from '../config/installed-file.ts'

/** What certificates of our own CA say of it. */
export interface OwnAuthority {
  readonly trustDomain: string
  /** The distinguished name of the issuing CA, on one line; where its certificate is not here, that it is not known. */
  readonly name: string
}

/** Looks at the certificate of the issuing CA, where there is one. */
export function ownAuthority({ trust, trustDomain }: Pick<Config, 'trust' | 'trustDomain'>): OwnAuthority {
  const [certificate] = certificatesIn(installedFile('the issuing CA', trust.issuers))
  return {
    trustDomain,
    name: certificate === undefined ? 'an issuer that is not known here' : onOneLine(certificate.subject),
  }
}
