import { Command } from 'commander'
import { upstreamSecretKeys } from '../login/factor-keys.ts'
import { keyRing, type KeyRing } from '../login/key-ring.ts'
import type { SecretEntries } from '../login/secret-entries.ts'
import { configuration } from './configuration.ts'
import { print, printJson, table } from './print.ts'
import { principalNamed } from './principal-named.ts'
import { storeOf } from './store-of.ts'
import { visibleLine } from './visible.ts'

const EXAMPLES = `
Examples:
  npx sallyport vault list
  npx sallyport vault list --for user:alice --json

SEALED UNDER says whether a former factor key is still needed: who has a key under one has to set it again before that
is taken away.`

interface Row {
  readonly principal: string
  readonly upstream: string
  readonly name: string
  /** ISO 8601. */
  readonly setAt: string
  readonly sealedUnder: 'the newest key' | 'a former key' | 'no key of ours'
}

/** `sallyport vault list`: who keeps which keys, without their values. */
export function vaultListCommand(): Command {
  return new Command('list')
    .description('List the keys that are kept, never their values.')
    .option('--for <principal>', 'of this one alone, as in user:alice')
    .option('--json', 'print them as JSON')
    .addHelpText('after', EXAMPLES)
    .action(list)
}

async function list(flags: { readonly for?: string; readonly json?: true }): Promise<void> {
  const whose = flags.for === undefined ? undefined : principalNamed(flags.for).id
  const config = configuration()
  const ring = keyRing(upstreamSecretKeys(config.factorKeys()))
  const store = await storeOf(config)
  try {
    const principals = whose === undefined ? await store.secrets.principals() : [whose]
    const rows: Row[] = []
    for (const principal of principals) rows.push(...(await rowsOf(principal, store.secrets, ring)))
    if (flags.json === true) return printJson(rows)
    print(
      table(
        ['PRINCIPAL', 'UPSTREAM', 'NAME', 'SET', 'SEALED UNDER'],
        rows.map((row) =>
          [row.principal, row.upstream, row.name, row.setAt, row.sealedUnder].map(visibleLine),
        ),
      ),
    )
  } finally {
    await store.close()
  }
}

async function rowsOf(principal: string, entries: SecretEntries, ring: KeyRing): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const { upstream, name } of await entries.list(principal)) {
    const entry = await entries.find(principal, upstream, name)
    if (entry === undefined) continue
    const { setAt, sealed } = entry
    rows.push({
      principal,
      upstream,
      name,
      setAt: new Date(setAt).toISOString(),
      sealedUnder: sealedUnder(sealed, ring),
    })
  }
  return rows
}

function sealedUnder(sealed: string, { isCurrent, isOurs }: KeyRing): Row['sealedUnder'] {
  if (isCurrent(sealed)) return 'the newest key'
  return isOurs(sealed) ? 'a former key' : 'no key of ours'
}
