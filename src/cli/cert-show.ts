import { Command } from 'commander'
import { authorityFiles } from '../pki/files.ts'
import { readLedger } from '../pki/ledger.ts'
import { stateOf, withDescendants, type LedgerCertificate, type LedgerState } from '../pki/ledger-state.ts'
import { endOfLineage } from '../pki/lineage.ts'
import { selected } from '../pki/revoke.ts'
import { rolesBy } from './cert-list.ts'
import { certificateRow, distance, type CertificateRow } from './cert-rows.ts'
import { selectionOf } from './cert-selection.ts'
import { configuration } from './configuration.ts'
import { print, printJson } from './print.ts'
import { visible } from './visible.ts'

const EXAMPLES = `
Examples:
  npx sallyport cert show billing
  npx sallyport cert show 712B979857BECF0484B0B287EDE37D1251AC5BCF --json

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** A certificate with where it comes from and what became of it. */
interface Shown extends CertificateRow {
  readonly names: readonly string[]
  readonly thumbprint: string
  readonly parent: string | null
  /** Serials of what renewed it, and what renewed that. */
  readonly descendants: readonly string[]
  readonly lineage: { readonly serial: string; readonly startedAt: string; readonly endsAt: string }
  readonly revoked: { readonly at: string; readonly reason: string; readonly by: string } | null
}

/** `sallyport cert show`: one certificate, or all of a name that are worth something. */
export function certShowCommand(): Command {
  return new Command('show')
    .description('Show a certificate: identity, roles, line of renewals, revocation.')
    .argument('<name-or-serial>', 'the name of a client, or a serial')
    .option('--json', 'print them as JSON')
    .addHelpText('after', EXAMPLES)
    .action(show)
}

async function show(nameOrSerial: string, { json }: { readonly json?: true }): Promise<void> {
  const config = configuration()
  const now = Date.now()
  const state = await readLedger(authorityFiles(config.certificates).ledger)
  const all = selected(state, selectionOf(nameOrSerial, state))
  const rolesOf = await rolesBy(config)
  const shown = worthShowing(all, now).map((certificate) => shownOf(certificate, state, rolesOf, now))
  if (json === true) return printJson(shown)
  print(shown.map((certificate) => linesOf(certificate, now).join('\n')).join('\n\n'))
}

/** What is valid; of a name of which nothing is, the last one. */
function worthShowing(all: readonly LedgerCertificate[], now: number): readonly LedgerCertificate[] {
  const valid = all.filter((certificate) => stateOf(certificate, now) === 'valid')
  return valid.length > 0 ? valid : all.slice(-1)
}

function shownOf(
  certificate: LedgerCertificate,
  state: LedgerState,
  rolesOf: (principal: string) => readonly string[],
  now: number,
): Shown {
  const { serial, names, thumbprint, parent = null, lineage, lineageStartedAt, revoked } = certificate
  return {
    ...certificateRow(certificate, rolesOf, now),
    names,
    thumbprint,
    parent,
    descendants: withDescendants(state, [certificate]).flatMap((one) =>
      one.serial === serial ? [] : [one.serial],
    ),
    lineage: { serial: lineage, startedAt: iso(lineageStartedAt), endsAt: iso(endOfLineage(certificate)) },
    revoked: revoked === undefined ? null : { ...revoked, at: iso(revoked.at) },
  }
}

function linesOf(shown: Shown, now: number): readonly string[] {
  const { principal, names, roles, serial, thumbprint, state, issuedAt, expiresAt, lineage, revoked } = shown
  return [
    `principal    ${principal}`,
    `names        ${names.join(', ')}`,
    `roles        ${roles.join(', ') || '-'}`,
    ...(shown.ceiling === null ? [] : [`only         ${shown.ceiling.join(', ')}`]),
    `serial       ${serial}`,
    `thumbprint   ${thumbprint}`,
    `state        ${state}`,
    `issued       ${issuedAt}`,
    `expires      ${expiresAt} (${distance(Date.parse(expiresAt), now)})`,
    ...(shown.parent === null ? [] : [`renews       ${shown.parent}`]),
    ...shown.descendants.map((one) => `renewed by   ${one}`),
    ...(shown.kind === 'server' ? [] : [`line         since ${lineage.startedAt}, until ${lineage.endsAt}`]),
    ...(revoked === null ? [] : [`revoked      ${revoked.at}, ${revoked.reason}, by ${visible(revoked.by)}`]),
  ]
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
