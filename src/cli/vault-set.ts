import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import { LONGEST_SECRET, fitsSecret } from '../login/secret-value.ts'
import { MOST_SECRETS } from '../login/secret-vault.ts'
import { vaultSecrets } from '../vault-secrets.ts'
import { ask } from './ask.ts'
import { OPERATOR, recorded } from './change-user.ts'
import { configuration } from './configuration.ts'
import { assertFactorKey } from './factor-key-fault.ts'
import { print, tell } from './print.ts'
import { principalNamed } from './principal-named.ts'
import { storeOf } from './store-of.ts'
import { wantedByUpstream } from './upstream-named.ts'
import { accessTo } from './user-access.ts'

const EXAMPLES = `
Examples:
  npx sallyport vault set wiki token --for user:alice              asks for it, without showing what is typed
  printf '%s' "$KEY" | npx sallyport vault set wiki token --for service:billing --stdin

NAME is one that sallyport.yaml asks for, as in headers: { Authorization: "Bearer \${user:token}" }. A key is never an
argument: those stand in the list of processes. Servers that run use another one within 30 s.`

interface Flags {
  readonly for: string
  readonly stdin?: true
}

/** `sallyport vault set`: keeps a key of a principal for an upstream. */
export function vaultSetCommand(): Command {
  return new Command('set')
    .description('Keep a key of somebody for an upstream server, in place of the one that is there.')
    .argument('<upstream>', 'the upstream, as sallyport.yaml names it')
    .argument('<name>', 'which of the keys that it asks for')
    .requiredOption('--for <principal>', 'whose key it is, as in user:alice')
    .option('--stdin', 'read the key from standard input')
    .addHelpText('after', EXAMPLES)
    .action(set)
}

async function set(upstream: string, name: string, flags: Flags): Promise<void> {
  const { id: principal, kind, name: user } = principalNamed(flags.for)
  const config = configuration()
  const { audience } = wantedByUpstream(config, upstream, name)
  const value = await valueFor(upstream, name, flags.stdin === true)
  const store = await storeOf(config)
  try {
    await assertFactorKey(accessTo(store, config), config.store)
    if (kind === 'user' && (await store.users.find(user)) === undefined)
      tell(
        `sallyport: nobody called ${user} logs in here; the key is for whoever has a certificate of that name`,
      )
    await recorded({ ...BY_COMMAND, event: 'secret.set', principal, upstream, name }, config)
    const vault = vaultSecrets({ store, factorKeys: config.factorKeys(), now: Date.now, tell })
    const outcome = await vault.set({ principal, upstream, audience, name }, value)
    if (outcome !== 'set')
      throw new SallyportError('REFUSED', `${principal} has ${MOST_SECRETS} keys already: remove one first`)
    print(`${principal} has a key ${name} for the upstream ${upstream}`)
    if (kind === 'user')
      await store.histories.add(user, { at: Date.now(), event: 'secret_set', address: '', userAgent: '' })
  } finally {
    await store.close()
  }
}

const BY_COMMAND = { requestId: null, by: OPERATOR, address: null } as const

async function valueFor(upstream: string, name: string, fromInput: boolean): Promise<string> {
  const value = fromInput ? await lineOfInput() : await ask(`Key ${name} for the upstream ${upstream}:`)
  if (value === undefined)
    throw new SallyportError(
      'REFUSED',
      'there is no terminal to ask on: give the key on standard input, with --stdin',
    )
  if (fitsSecret(value)) return value
  throw new SallyportError(
    'REFUSED',
    `a key is one line of at most ${LONGEST_SECRET} bytes, not empty and without control characters: nothing was kept`,
  )
}

/** One line break at the end belongs to the shell, not to the key. */
async function lineOfInput(): Promise<string> {
  return (await text(process.stdin)).replace(/\r?\n$/, '')
}
