import { Command } from 'commander'
import type { SecretChanged } from '../audit/event.ts'
import { SallyportError } from '../errors.ts'
import type { SecretEntries } from '../login/secret-entries.ts'
import { OPERATOR } from './change-user.ts'
import { configuration } from './configuration.ts'
import { print } from './print.ts'
import { principalNamed } from './principal-named.ts'
import { putOnRecord } from './put-on-record.ts'
import { storeOf } from './store-of.ts'

const EXAMPLES = `
Examples:
  npx sallyport vault remove wiki token --for user:alice
  npx sallyport vault remove --all --for user:alice                of somebody who has left

Servers that run use it for 30 s more at most. It stays good at the upstream: take it away there, too. Needs no factor key.`

interface Flags {
  readonly for: string
  readonly all?: true
}

type Removed = Pick<SecretChanged, 'upstream' | 'name'>

/** `sallyport vault remove`: takes keys of a principal away. */
export function vaultRemoveCommand(): Command {
  return new Command('remove')
    .description('Take away a key of somebody for an upstream server, or all of them.')
    .argument('[upstream]', 'the upstream')
    .argument('[name]', 'which of its keys')
    .requiredOption('--for <principal>', 'whose key it is, as in user:alice')
    .option('--all', 'all keys of this principal')
    .addHelpText('after', EXAMPLES)
    .action(remove)
}

async function remove(
  upstream: string | undefined,
  name: string | undefined,
  flags: Flags,
  command: Command,
): Promise<void> {
  const isOne = upstream !== undefined && name !== undefined
  if (isOne === (flags.all === true) || (upstream !== undefined && name === undefined))
    command.error('error: name an upstream and one of its keys, or --all', { exitCode: 2 })
  const { id: principal, kind, name: user } = principalNamed(flags.for)
  const config = configuration()
  const store = await storeOf(config)
  try {
    const removed = isOne
      ? await removedOne(principal, { upstream, name }, store.secrets)
      : await removedAll(principal, store.secrets)
    for (const one of removed)
      print(`${principal} has no key ${one.name} for the upstream ${one.upstream} any more`)
    const users = kind === 'user' && removed.length > 0 ? [user] : []
    const events = removed.map((one) => removedBy(OPERATOR, principal, one))
    await putOnRecord(users, 'secret_removed', events, store, config)
  } finally {
    await store.close()
  }
}

function removedBy(by: string, principal: string, { upstream, name }: Removed): SecretChanged {
  return { event: 'secret.removed', requestId: null, principal, upstream, name, by, address: null }
}

async function removedOne(
  principal: string,
  one: Removed,
  entries: SecretEntries,
): Promise<readonly Removed[]> {
  if (await entries.remove(principal, one.upstream, one.name)) return [one]
  throw new SallyportError(
    'NOT_FOUND',
    `${principal} has no key of that name: "npx sallyport vault list" shows all`,
  )
}

async function removedAll(principal: string, entries: SecretEntries): Promise<readonly Removed[]> {
  const all = await entries.list(principal)
  await entries.removeAll(principal)
  if (all.length === 0) throw new SallyportError('NOT_FOUND', `${principal} keeps no keys`)
  return all.map(({ upstream, name }) => ({ upstream, name }))
}
