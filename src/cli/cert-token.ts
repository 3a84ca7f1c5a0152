import { hostname } from 'node:os'
import { Command, Option } from 'commander'
import type { Config } from '../config/config.ts'
import { assertClientName, PRINCIPAL_KINDS, type PrincipalKind } from '../pki/name.ts'
import { LIFETIME } from '../pki/profile.ts'
import { LONGEST_OFFER, offer, type Offered } from '../pki/token.ts'
import { updateAccessFile } from './access-file.ts'
import { granted, readPolicy } from './client-grant.ts'
import { collect, collectPattern, durationBetween, lifeOf } from './client-options.ts'
import { configuration } from './configuration.ts'
import { print, printJson, tell } from './print.ts'
import { withIssuing } from './with-issuing.ts'

interface Flags {
  readonly role: readonly string[]
  readonly ttl: number
  readonly life: number
  readonly kind: PrincipalKind
  readonly only: readonly string[]
  readonly existing?: true
  readonly json?: true
}

const EXAMPLES = `
Examples:
  npx sallyport cert token billing --role reader
  npx sallyport cert token ci --kind agent --role editor --only notes:read --ttl 1h --life 12h
  npx sallyport cert token billing --role reader > token && scp token other-machine:

The token is a secret for one use. On the other machine "npx sallyport enroll URL < token" makes a key, which stays
there, and gets the certificate; the server is known by the token, too.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** `sallyport cert token`: offers a certificate to whoever brings a one-time token. */
export function certTokenCommand(): Command {
  return new Command('token')
    .description('Make a one-time token for a client certificate, and grant its roles. Printed once.')
    .argument('<name>', 'who it is for: up to 64 of a-z, 0-9, ".", "_" and "-"')
    .option('--role <role>', 'grant this role of access.yaml; may be repeated', collect, [])
    .addOption(
      new Option('--ttl <duration>', 'how long the token may wait: 10m, 12h, up to 7d')
        .argParser((text) => durationBetween(text, 1000, LONGEST_OFFER, '1s and 7d'))
        .default(600_000, '10m'),
    )
    .addOption(
      new Option('--life <duration>', 'how long the certificate lives: 30m, 24h, up to 90d')
        .argParser(lifeOf)
        .default(LIFETIME.client, '24h'),
    )
    .addOption(
      new Option('--kind <kind>', 'what kind of caller it is').choices(PRINCIPAL_KINDS).default('service'),
    )
    .option(
      '--only <permission>',
      'it may do no more than this, whatever is granted; may be repeated',
      collectPattern,
      [],
    )
    .option('--existing', 'the name may have grants already, which the certificate then has, too')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(token)
}

async function token(name: string, flags: Flags): Promise<void> {
  const { kind, role: roles, existing = false, life, ttl, only } = flags
  assertClientName(name)
  const config = configuration()
  const principal = `${kind}:${name}`
  const grant = { principal, roles, existing, file: config.access }
  granted(await readPolicy(config.access), grant)
  await withIssuing(config, async ({ certs, audit, now }) => {
    const ceiling = only.length === 0 ? {} : { ceiling: [...new Set(only)] }
    const identity = { trustDomain: config.trustDomain, kind, name }
    const offered = await offer(certs, { identity, life, ttl, ...ceiling }, now)
    const expiresAt = new Date(offered.expires).toISOString()
    await audit.record({ event: 'enrolment.offered', principal, credential: offered.digest, expiresAt })
    await updateAccessFile(config.access, (text) => granted(text, grant))
    report(offered, principal, flags, config)
  })
}

function report({ token: secret, expires }: Offered, principal: string, flags: Flags, config: Config): void {
  const [url, expiresAt] = [enrolmentUrl(config), new Date(expires).toISOString()]
  const { role: roles, only, json } = flags
  const line = `npx sallyport enroll ${url} < token`
  if (json === true)
    return printJson({
      token: secret,
      principal,
      roles,
      ceiling: only.length === 0 ? null : only,
      expiresAt,
      url,
    })
  // Alone on standard output, so that it can go into a file.
  print(secret)
  tell(
    `\nGood once, for ${principal}, until ${expiresAt}. Save it as a file "token" on the other machine; there:\n${line}`,
  )
  if (roles.length === 0)
    tell(
      `\n${principal} was granted no role: it may use what its grants in ${config.access} say, if there are any.`,
    )
}

/** The door for people, which needs no certificate. */
function enrolmentUrl({ hosts, listeners }: Config): string {
  const { port } = listeners.people === false ? listeners.certificates : listeners.people
  return `https://${hosts[0] ?? hostname()}:${port}`
}
