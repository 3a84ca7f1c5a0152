import { Command, InvalidArgumentError, Option } from 'commander'
import type { Config } from '../config/config.ts'
import { parseDuration } from '../config/duration.ts'
import { authorityFiles } from '../pki/files.ts'
import { PRINCIPAL_KINDS, type PrincipalKind } from '../pki/name.ts'
import { LIFETIME } from '../pki/profile.ts'
import { configuration } from './configuration.ts'
import { curlLine } from './curl-line.ts'
import { issueClientCertificate, type ClientIssued } from './issue-client.ts'
import { localEndpoint } from './mcp-client.ts'
import { print, printJson, tell } from './print.ts'
import { runCommand } from './run-command.ts'
import { withIssuing } from './with-issuing.ts'

interface Options {
  readonly role: readonly string[]
  readonly ttl: number
  readonly kind: PrincipalKind
  readonly existing?: true
  readonly json?: true
}

const EXAMPLES = `
Examples:
  npm run issue-client-cert -- billing --role reader
  npm run issue-client-cert -- ci-runner --kind agent --role reader --role editor --ttl 12h
  npm run issue-client-cert -- alice --kind user --role admin --json

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** Issues a client certificate from the command line; gives the exit code. */
export async function runIssueClientCert(args: readonly string[]): Promise<number> {
  return await runCommand(issueClientCertCommand(), args)
}

/** The command, also as a sub-command of `sallyport` for where there are no npm scripts. */
export function issueClientCertCommand(): Command {
  return new Command('issue-client-cert')
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
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(issue)
}

async function issue(name: string, options: Options): Promise<void> {
  const { role, kind, ttl, existing = false } = options
  const config = configuration()
  await withIssuing(config, async (where) => {
    const { access, trustDomain } = config
    const request = { name, kind, roles: role, life: ttl, existing }
    const issued = await issueClientCertificate(request, { ...where, access, trustDomain })
    report(issued, options, config)
  })
}

function report(client: ClientIssued, { role, json }: Options, config: Config): void {
  const { principal, uri, files, issued } = client
  const { certificate, key } = files
  const { root } = authorityFiles(config.certificates)
  const url = localEndpoint(config.listeners.certificates.port)
  const curl = curlLine({ root, certificate, key, url })
  const { serial, thumbprint, notAfter } = issued.entry
  if (json === true)
    return printJson({
      principal,
      uri,
      roles: role,
      certificate,
      key,
      root,
      serial,
      thumbprint,
      expiresAt: notAfter,
      url,
      curl,
    })
  print(`certificate  ${certificate}`)
  print(`key          ${key}`)
  print(`trust        ${root}`)
  print(`identity     ${uri}`)
  print(`expires      ${notAfter}`)
  print(`\nWhile the server runs, list the tools that ${principal} may use:\n${curl}`)
  if (role.length === 0)
    tell(
      `\n${principal} was granted no role: it may use what its grants in ${config.access} say, if there are any.`,
    )
}

function collect(role: string, roles: readonly string[]): readonly string[] {
  return [...roles, role]
}

function lifeOf(text: string): number {
  const life = parseDuration(text)
  if (life === undefined) throw new InvalidArgumentError('Write a whole number and one of s, m, h, d: 24h.')
  if (life < LIFETIME.shortestClient || life > LIFETIME.longestClient)
    throw new InvalidArgumentError('It must be between 1m and 90d.')
  return life
}
