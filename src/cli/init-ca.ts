import { Command } from 'commander'
import { loadConfig } from '../config/config.ts'
import { isSallyportError, SallyportError } from '../errors.ts'
import { createAuthority, readCertificate, type AuthorityOptions } from '../pki/authority.ts'
import type { AuthorityFiles } from '../pki/files.ts'
import type { KeyType } from '../pki/key.ts'
import { serverNames } from '../pki/server-names.ts'
import { newCaPassphrase } from './ca-passphrase.ts'
import { keyTypeOption } from './key-type-option.ts'
import { print, printJson } from './print.ts'
import { runCommand } from './run-command.ts'
import { publishedAt } from './with-issuing.ts'

interface Options {
  readonly keyType: KeyType
  readonly permitServer: readonly string[]
  readonly encrypt?: true
  readonly json?: true
}

const EXAMPLES = `
Examples:
  npm run init-ca
  npm run init-ca -- --encrypt --key-type p384
  npm run init-ca -- --permit-server mcp.example.internal --permit-server 10.0.0.7
  SALLYPORT_TRUST_DOMAIN=prod.example.internal npm run init-ca

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** Makes the certificate authority from the command line; gives the exit code. */
export async function runInitCa(args: readonly string[]): Promise<number> {
  return await runCommand(initCaCommand(), args)
}

/** The command, also as a sub-command of `sallyport` for where there are no npm scripts. */
export function initCaCommand(): Command {
  return new Command('init-ca')
    .description(
      'Make the root, the issuing CA and their revocation lists. Never touches a CA that is there.',
    )
    .addOption(keyTypeOption('the kind of its keys'))
    .option(
      '--permit-server <name>',
      'a host name (with all below it) or address of servers that it may certify, beside this machine itself; may be repeated; without it, any',
      (name: string, names: readonly string[]) => [...names, name],
      [],
    )
    .option('--encrypt', 'encrypt its keys: asks for a passphrase, or reads SALLYPORT_CA_PASSPHRASE_FILE')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(init)
}

async function init({ keyType, permitServer, encrypt, json }: Options): Promise<void> {
  const { certificates, trustDomain, authority } = loadConfig(process.env, process.cwd())
  const servers = serverNames(permitServer)
  const options = {
    keyType,
    servers,
    ...publishedAt(authority),
    ...(encrypt === true ? { passphrase: await newCaPassphrase() } : {}),
  }
  const files = await initCa(certificates, trustDomain, Date.now(), options)
  const { fingerprint256 } = await readCertificate(files.root)
  const { root, rootKey, issuing, issuingKey, revocationLists } = files
  if (json === true)
    return printJson({
      trustDomain,
      root,
      rootKey,
      issuing,
      issuingKey,
      revocationLists,
      fingerprint: fingerprint256,
      keyType,
      encrypted: encrypt === true,
      permittedServers: permitServer,
    })
  const state = encrypt === true ? 'encrypted; ' : ''
  print(`root         ${root}`)
  print(`             SHA-256 ${fingerprint256}`)
  print(`root key     ${rootKey} (${state}needed only to make an issuing CA: may leave this machine)`)
  print(`issuing CA   ${issuing}`)
  print(`issuing key  ${issuingKey}${encrypt === true ? ' (encrypted)' : ''}`)
  print(`revocations  ${revocationLists}`)
}

/**
 * Makes the CA of a certs directory.
 *
 * @throws SallyportError `FILE_EXISTS` if there is one, `CONFIGURATION_INVALID` for the trust domain
 */
export async function initCa(
  certs: string,
  trustDomain: string,
  now: number,
  options: AuthorityOptions = {},
): Promise<AuthorityFiles> {
  return await createAuthority(certs, trustDomain, now, options).catch((cause: unknown) => {
    if (!isSallyportError(cause, 'FILE_EXISTS')) throw cause
    const message = `${cause.message}: it is never replaced, since all that it issued would be worthless; move it away to start anew`
    throw new SallyportError('FILE_EXISTS', message, { cause })
  })
}
