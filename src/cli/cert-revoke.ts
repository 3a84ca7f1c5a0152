import { userInfo } from 'node:os'
import { Command, Option } from 'commander'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { authorityFiles } from '../pki/files.ts'
import { readLedger } from '../pki/ledger.ts'
import { keysIn, type AuthorityKeys } from '../pki/resign.ts'
import { REVOCATION_REASONS, isRevocationReason, type RevocationReason } from '../pki/revocation-reason.ts'
import { revoke, type RevocationResult, type Selection } from '../pki/revoke.ts'
import { caPassphrase } from './ca-passphrase.ts'
import { selectionOf } from './cert-selection.ts'
import { configuration } from './configuration.ts'
import { openAudit } from './open-audit.ts'
import { print, printJson, table, tell } from './print.ts'
import { storeOf } from './store-of.ts'
import { publishFrom } from './with-issuing.ts'

interface Flags {
  readonly principal?: string
  readonly reason: RevocationReason
  readonly json?: true
}

const REASONS = Object.keys(REVOCATION_REASONS).filter(isRevocationReason)

const EXAMPLES = `
Examples:
  npx sallyport cert revoke billing
  npx sallyport cert revoke 712B979857BECF0484B0B287EDE37D1251AC5BCF --reason keyCompromise
  npx sallyport cert revoke --principal user:alice --reason cessationOfOperation

What renewed a certificate is revoked with it, and a name's open enrolment tokens, too. Every server that reaches the
store ends its connections and streams within a second. Doing it again does no harm, and repairs what failed.

Exit codes: 0 done, 1 refused or failed (it says what was done all the same), 2 wrong usage.`

/** `sallyport cert revoke`: ends certificates everywhere: ledger, revocation list, live list. */
export function certRevokeCommand(): Command {
  return new Command('revoke')
    .description('Revoke certificates: from now on nobody is admitted by them, and open connections end.')
    .argument('[name-or-serial]', 'the name of a client, for all of its certificates; or a serial')
    .option(
      '--principal <principal>',
      'all certificates of a principal, as in service:billing; of the server: "server"',
    )
    .addOption(
      new Option('--reason <reason>', 'why (RFC 5280, 5.3.1)').choices(REASONS).default('unspecified'),
    )
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (nameOrSerial: string | undefined, flags: Flags, command: Command) => {
      if ((nameOrSerial === undefined) === (flags.principal === undefined))
        return command.error('error: say a name or a serial, or --principal', { exitCode: 2 })
      await run(nameOrSerial ?? '', flags)
    })
}

async function run(nameOrSerial: string, { principal, reason, json }: Flags): Promise<void> {
  const config = configuration()
  const selection = principal === undefined ? await selectionIn(config, nameOrSerial) : { principal }
  const now = Date.now()
  const keys = await openedKeys(config)
  const result = await revoke(config.certificates, { selection, reason, by: userName() }, now, keys)
  const problems = [
    ...listProblems(result, config),
    ...(await announced(config, result)),
    ...(await published(config)),
    ...(await recorded(config, result, reason)),
  ]
  report(result, reason, problems, json === true)
  if (problems.length > 0)
    throw new SallyportError(
      'REFUSED',
      'it is revoked, but not everywhere yet: run the command again when that is repaired',
    )
}

async function selectionIn({ certificates }: Config, nameOrSerial: string): Promise<Selection> {
  return selectionOf(nameOrSerial, await readLedger(authorityFiles(certificates).ledger))
}

/** Opened before anything is locked: somebody may have to type a passphrase. What goes wrong is said when it is needed. */
async function openedKeys({ certificates }: Config): Promise<AuthorityKeys> {
  const keys = keysIn(certificates, caPassphrase())
  const [issuing] = await Promise.allSettled([keys('issuing')])
  return async (authority) => {
    // The root's list has nothing to do with it.
    if (authority === 'root') return undefined
    if (issuing.status === 'rejected') throw issuing.reason
    return issuing.value
  }
}

function listProblems({ list }: RevocationResult, { certificates }: Config): readonly string[] {
  const { issuing, issuingKey } = authorityFiles(certificates)
  if (list === 'no-key')
    tell(
      `${issuingKey} is not here: the revocation list of ${issuing} is still to be signed where it is; ` +
        '"npx sallyport issuer" there does so within the hour',
    )
  return typeof list === 'string' ? [] : [`the revocation list could not be signed: ${list.problem}`]
}

/** Tells every node by the live list. */
async function announced(config: Config, { certificates }: RevocationResult): Promise<readonly string[]> {
  try {
    const store = await storeOf(config)
    try {
      await store.revocations.revoke(
        certificates.map(({ issuer, serial, until }) => ({ kind: 'certificate', issuer, serial, until })),
      )
      return []
    } finally {
      await store.close()
    }
  } catch (error) {
    return [
      `the live list of the store was not told: ${messageOf(error)}; servers refuse the certificates once they have ` +
        'the new revocation list',
    ]
  }
}

async function published(config: Config): Promise<readonly string[]> {
  try {
    await publishFrom(config)
    return []
  } catch (error) {
    return [`the revocation list could not be published: ${messageOf(error)}`]
  }
}

/** An audit trail that cannot be written does not keep a certificate valid. */
async function recorded(
  config: Config,
  { certificates }: RevocationResult,
  reason: RevocationReason,
): Promise<readonly string[]> {
  try {
    const audit = await openAudit(config)
    try {
      const byPrincipal = Map.groupBy(certificates, ({ principal }) => principal)
      for (const [principal, revoked] of byPrincipal)
        await audit.record({
          event: 'certificate.revoked',
          principal,
          serials: revoked.map(({ serial }) => serial),
          reason,
        })
      return []
    } finally {
      await audit.close()
    }
  } catch (error) {
    return [`it is not on the audit trail: ${messageOf(error)}`]
  }
}

function report(
  { certificates, list }: RevocationResult,
  reason: RevocationReason,
  problems: readonly string[],
  json: boolean,
): void {
  const rows = certificates.map(({ principal, serial, until }) => ({
    principal,
    serial,
    expiresAt: new Date(until).toISOString(),
  }))
  if (json) return printJson({ revoked: rows, reason, signed: list === 'fresh', problems })
  for (const problem of problems) tell(problem)
  if (rows.length === 0)
    return print('no certificate was valid still; its open enrolment tokens are withdrawn')
  print(
    table(
      ['REVOKED', 'SERIAL', 'WOULD HAVE EXPIRED'],
      rows.map(({ principal, serial, expiresAt }) => [principal, serial, expiresAt]),
    ),
  )
  if (rows.some(({ principal }) => principal === 'server'))
    tell(
      'A server goes on with its certificate until it has another: "npx sallyport issuer" gives it one within the hour, ' +
        '"npm run issue-server-cert -- --replace" at once',
    )
}

/** Of the system's user, for people; a user of a container may have none. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
