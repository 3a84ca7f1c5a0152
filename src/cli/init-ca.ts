import { Command } from 'commander'
import { loadConfig } from '../config/config.ts'
import { isSallyportError, SallyportError } from '../errors.ts'
import { createAuthority, readCertificate } from '../pki/authority.ts'
import type { AuthorityFiles } from '../pki/files.ts'
import { print, printJson } from './print.ts'
import { runCommand } from './run-command.ts'

const EXAMPLES = `
Examples:
  npm run init-ca
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
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(init)
}

async function init({ json }: { readonly json?: true }): Promise<void> {
  const { certificates, trustDomain } = loadConfig(process.env, process.cwd())
  const files = await initCa(certificates, trustDomain, Date.now())
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
    })
  print(`root         ${root}`)
  print(`             SHA-256 ${fingerprint256}`)
  print(`root key     ${rootKey} (needed only to make an issuing CA: may leave this machine)`)
  print(`issuing CA   ${issuing}`)
  print(`issuing key  ${issuingKey}`)
  print(`revocations  ${revocationLists}`)
}

/**
 * Makes the CA of a certs directory.
 *
 * @throws SallyportError `FILE_EXISTS` if there is one, `CONFIGURATION_INVALID` for the trust domain
 */
export async function initCa(certs: string, trustDomain: string, now: number): Promise<AuthorityFiles> {
  return await createAuthority(certs, trustDomain, now).catch((cause: unknown) => {
    if (!isSallyportError(cause, 'FILE_EXISTS')) throw cause
    const message = `${cause.message}: it is never replaced, since all that it issued would be worthless; move it away to start anew`
    throw new SallyportError('FILE_EXISTS', message, { cause })
  })
}
