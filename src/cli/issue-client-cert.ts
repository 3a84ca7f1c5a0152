import { Command, Option } from 'commander'
import type { KeyType } from '../pki/key.ts'
import { PRINCIPAL_KINDS, type PrincipalKind } from '../pki/name.ts'
import { LIFETIME } from '../pki/profile.ts'
import { collect, collectPattern, lifeOf } from './client-options.ts'
import { configuration } from './configuration.ts'
import { issueClientCertificate, type ClientRequest } from './issue-client.ts'
import { keyTypeOption } from './key-type-option.ts'
import { p12Password, type P12Password } from './p12-password.ts'
import { readCsr } from './read-csr.ts'
import { reportClient } from './report-client.ts'
import { runCommand } from './run-command.ts'
import { withIssuing } from './with-issuing.ts'

interface Options {
  readonly role: readonly string[]
  readonly ttl: number
  readonly kind: PrincipalKind
  readonly only: readonly string[]
  readonly csr?: string
  readonly keyType: KeyType
  readonly p12?: true
  readonly p12PasswordFile?: string
  readonly existing?: true
  readonly json?: true
}

const EXAMPLES = `
Examples:
  npm run issue-client-cert -- billing --role reader
  npm run issue-client-cert -- ci-runner --kind agent --role reader --role editor --ttl 12h
  npm run issue-client-cert -- alice --kind user --role admin --p12
  npm run issue-client-cert -- helper --kind agent --role editor --only notes:read --ttl 1h
  npm run issue-client-cert -- billing --role reader --csr billing.csr

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** Issues a client certificate from the command line; gives the exit code. */
export async function runIssueClientCert(args: readonly string[]): Promise<number> {
  return await runCommand(issueClientCertCommand(), args)
}

/** The command, also as a sub-command of `sallyport` for where there are no npm scripts. */
export function issueClientCertCommand(): Command {
  const command = new Command('issue-client-cert')
    .description('Issue a client certificate, and grant its roles in the access policy.')
    .argument('<name>', 'who it is for: up to 64 of a-z, 0-9, ".", "_" and "-"')
    .option('--role <role>', 'grant this role of access.yaml; may be repeated', collect, [])
    .addOption(
      new Option('--ttl <duration>', 'how long it lives: 30m, 24h, up to 90d')
        .argParser(lifeOf)
        .default(LIFETIME.client, '24h'),
    )
    .addOption(
      new Option('--kind <kind>', 'what kind of caller it is').choices(PRINCIPAL_KINDS).default('service'),
    )
    .option('--existing', 'the name may have grants already, which the certificate then has, too')
  return withKeyOptions(command)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(issue)
}

function withKeyOptions(command: Command): Command {
  return command
    .option(
      '--only <permission>',
      'it may do no more than this, whatever is granted: notes:read, notes:*; may be repeated',
      collectPattern,
      [],
    )
    .addOption(
      new Option(
        '--csr <file>',
        'certify the key of this request (PKCS #10, PEM; "-" for standard input), and make none',
      ).conflicts(['keyType', 'p12', 'p12PasswordFile']),
    )
    .addOption(keyTypeOption('the kind of its key'))
    .option('--p12', 'write client.p12 as well, for browsers and operating systems, under a password')
    .addOption(
      new Option(
        '--p12-password-file <file>',
        'that password, on one line; else it is asked for, or made',
      ).implies({
        p12: true,
      }),
    )
}

async function issue(name: string, options: Options): Promise<void> {
  const { role, json } = options
  const config = configuration()
  const csr = options.csr === undefined ? undefined : await readCsr(options.csr)
  const p12 = options.p12 === true ? await p12Password(options.p12PasswordFile) : undefined
  await withIssuing(config, async (where) => {
    const { access, trustDomain } = config
    const request = requestOf(name, options, csr, p12)
    const issued = await issueClientCertificate(request, { ...where, access, trustDomain })
    const made = p12?.generated === true ? p12.password : undefined
    reportClient(issued, { roles: role, ceiling: request.ceiling, made, json }, config)
  })
}

function requestOf(
  name: string,
  { role, kind, ttl, only, keyType, existing }: Options,
  csr: string | undefined,
  p12: P12Password | undefined,
): ClientRequest {
  return {
    name,
    kind,
    roles: role,
    life: ttl,
    existing: existing === true,
    keyType,
    ...(only.length === 0 ? {} : { ceiling: [...new Set(only)] }),
    ...(csr === undefined ? {} : { csr }),
    ...(p12 === undefined ? {} : { p12Password: p12.password }),
  }
}
