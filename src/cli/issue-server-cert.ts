import { hostname } from 'node:os'
import { Command } from 'commander'
import type { KeyType } from '../pki/key.ts'
import { readCertificate } from '../pki/authority.ts'
import { serverFiles } from '../pki/files.ts'
import { subjectNames } from '../pki/subject-names.ts'
import { defaultServerNames } from '../pki/server-names.ts'
import { configuration } from './configuration.ts'
import { issueServerCertificate } from './issue-server.ts'
import { keyTypeOption } from './key-type-option.ts'
import { print, printJson } from './print.ts'
import { runCommand } from './run-command.ts'
import { withIssuing } from './with-issuing.ts'

interface Options {
  readonly keyType: KeyType
  readonly replace?: boolean
  readonly json?: true
}

const EXAMPLES = `
Examples:
  npm run issue-server-cert
  npm run issue-server-cert -- mcp.example.internal 10.0.0.7 --replace

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** Issues the server's certificate from the command line; gives the exit code. */
export async function runIssueServerCert(args: readonly string[]): Promise<number> {
  return await runCommand(issueServerCertCommand(), args)
}

/** The command, also as a sub-command of `sallyport` for where there are no npm scripts. */
export function issueServerCertCommand(): Command {
  return new Command('issue-server-cert')
    .description("Issue the server's certificate, for 30 days.")
    .argument(
      '[names...]',
      'host names and addresses beside localhost, 127.0.0.1, ::1 and the host name; without any, those of the certificate that is replaced stay',
    )
    .addOption(keyTypeOption('the kind of its key'))
    .option('--replace', 'replace the certificate that is there')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(issue)
}

/** The names of the certificate that is to be replaced; none if it cannot be read. */
async function namesAt(path: string): Promise<readonly string[]> {
  const old = await readCertificate(path).catch(() => undefined)
  return old === undefined ? [] : subjectNames(old).map(({ value }) => value)
}

async function issue(names: readonly string[], { keyType, replace = false, json }: Options): Promise<void> {
  await withIssuing(configuration(), async (where) => {
    const kept = replace && names.length === 0 ? await namesAt(serverFiles(where.certs).certificate) : []
    const request = { names, defaults: [...defaultServerNames(hostname()), ...kept], keyType, replace }
    const { files, issued } = await issueServerCertificate(request, where)
    const { serial, thumbprint, notAfter } = issued.entry
    const { certificate, key } = files
    if (json === true)
      return printJson({
        names: issued.entry.names,
        certificate,
        key,
        serial,
        thumbprint,
        expiresAt: notAfter,
      })
    print(`certificate  ${certificate}`)
    print(`key          ${key}`)
    print(`names        ${issued.entry.names.join(', ')}`)
    print(`expires      ${notAfter}`)
  })
}
