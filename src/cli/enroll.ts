import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import { userDirectory } from './client-identity.ts'
import { quoted } from './curl-line.ts'
import { enroll, type Enrolled } from './enrolment.ts'
import { readEnrolmentToken } from './enrolment-token.ts'
import { assertHttpsUrl } from './https-url.ts'
import { identityFiles } from './identity-files.ts'
import { print, printJson, tell } from './print.ts'

interface Flags {
  readonly dir?: string
  readonly replace?: true
  readonly json?: true
}

const EXAMPLES = `
Examples:
  npx sallyport enroll https://door.example:8444
  npx sallyport enroll https://localhost:8444 --dir ./identity < token.txt

The token is read from standard input, never from the command line; on a terminal it is asked for and not shown.
"npx sallyport cert token NAME" makes one where the CA is.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** The port of the door for certificates, unless somebody configured another. */
const CERTIFICATE_PORT = 8443

/** `sallyport enroll`: the first certificate of a client, by a one-time token, with a key that never leaves this machine. */
export function enrollCommand(): Command {
  return new Command('enroll')
    .description('Get a client certificate with a one-time token; the key is made here and stays here.')
    .argument('<url>', 'of the door for people, as in https://door.example:8444')
    .option('--dir <folder>', 'where to keep it; by default ~/.config/sallyport/clients/NAME')
    .option('--replace', 'replace the identity that is there')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(address: string, flags: Flags): Promise<void> {
  const url = assertHttpsUrl(address)
  const dir = flags.dir === undefined ? undefined : resolve(flags.dir)
  // Before a token is spent on it.
  if (dir !== undefined && flags.replace !== true && existsSync(identityFiles(dir).certificate))
    throw taken(dir)
  const enrolled = await enroll({
    url,
    token: await readEnrolmentToken(),
    directoryOf: (name) => dir ?? userDirectory(name, process.env),
    replace: flags.replace === true,
  })
  report(enrolled, url, flags)
}

function report({ identity, uri }: Enrolled, url: URL, { dir, json }: Flags): void {
  const { directory, name } = identity
  const { certificate, key, root } = identityFiles(directory)
  const expiresAt = new Date(identity.notAfter).toISOString()
  const where = dir === undefined ? `--as ${name}` : `--dir ${quoted(directory)}`
  const next = `npx sallyport connect https://${url.hostname}:${CERTIFICATE_PORT}/mcp ${where}`
  const asked = basename(uri)
  const serial = new X509Certificate(identity.certificate).serialNumber
  if (dir === undefined && name !== asked)
    tell(`there is another identity named "${asked}" already, so this one is kept as "${name}"`)
  if (json === true) return printJson({ name, uri, certificate, key, root, serial, expiresAt, next })
  print(`name         ${name}`)
  print(`identity     ${uri}`)
  print(`certificate  ${certificate}`)
  print(`key          ${key}`)
  print(`trust        ${root}`)
  print(`expires      ${expiresAt}`)
  print(`\nConnect with it:\n${next}`)
}

function taken(directory: string): SallyportError {
  return new SallyportError(
    'FILE_EXISTS',
    `there is an identity in ${directory} already: choose another folder, or say --replace`,
  )
}
