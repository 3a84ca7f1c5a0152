import type { Config } from '../config/config.ts'
import { publish } from '../pki/publish.ts'
import type { Issuing } from './issuing.ts'
import { caPassphrase } from './ca-passphrase.ts'
import { openAudit } from './open-audit.ts'

/**
 * Runs a command that issues, with an audit trail of its own, which is closed in the end.
 *
 * @throws SallyportError `AUDIT_UNAVAILABLE`, and what `work` throws
 */
export async function withIssuing(config: Config, work: (where: Issuing) => Promise<void>): Promise<void> {
  const audit = await openAudit(config)
  try {
    const { certificates: certs, authority } = config
    const published = publishedAt(authority)
    await work({ certs, audit, now: Date.now(), passphrase: caPassphrase(), ...published })
  } finally {
    await audit.close()
  }
  await publishFrom(config)
}

/** Copies certificates and revocation lists to where they are wanted, if anywhere; after every change of them. */
export async function publishFrom({ certificates, authority }: Config): Promise<void> {
  if (authority.publish !== false) await publish(certificates, authority.publish)
}

/** Where revocation lists are published, for the options of what is issued. */
export function publishedAt({ revocationListUrl }: Config['authority']): Pick<Issuing, 'revocationListUrl'> {
  return revocationListUrl === false ? {} : { revocationListUrl }
}
