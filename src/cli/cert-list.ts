import { Command } from 'commander'
import type { Config } from '../config/config.ts'
import { authorityFiles } from '../pki/files.ts'
import { readLedger } from '../pki/ledger.ts'
import { certificateRow, distance } from './cert-rows.ts'
import { readPolicy, rolesIn } from './client-grant.ts'
import { configuration } from './configuration.ts'
import { print, printJson, table } from './print.ts'

const EXAMPLES = `
Examples:
  npx sallyport cert list
  npx sallyport cert list --all --json

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** `sallyport cert list`: what the CA issued, from its ledger. */
export function certListCommand(): Command {
  return new Command('list')
    .description('List the certificates that are valid, of clients and of the server.')
    .option('--all', 'also those that have expired or are revoked')
    .option('--json', 'print them as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async ({ all, json }: { readonly all?: true; readonly json?: true }) => {
      const config = configuration()
      const now = Date.now()
      const { certificates } = await readLedger(authorityFiles(config.certificates).ledger)
      const rolesOf = await rolesBy(config)
      const rows = [...certificates.values()]
        .filter(({ kind }) => kind === 'client' || kind === 'server')
        .map((certificate) => certificateRow(certificate, rolesOf, now))
        .filter(({ state }) => all === true || state === 'valid')
      if (json === true) return printJson(rows)
      const cells = rows.map(({ name, kind, roles, ceiling, serial, expiresAt, state }) => [
        name,
        kind,
        `${roles.join(', ') || '-'}${ceiling === null ? '' : ` (only ${ceiling.join(', ')})`}`,
        serial,
        distance(Date.parse(expiresAt), now),
        state,
      ])
      print(table(['NAME', 'KIND', 'ROLES', 'SERIAL', 'EXPIRES IN', 'STATE'], cells))
    })
}

/** The roles of principals by the access policy as its file is now. */
export async function rolesBy({ access }: Config): Promise<(principal: string) => readonly string[]> {
  const policy = await readPolicy(access)
  const known = new Map<string, readonly string[]>()
  return (principal) => {
    const roles = known.get(principal) ?? rolesIn(policy, principal, access)
    known.set(principal, roles)
    return roles
  }
}
