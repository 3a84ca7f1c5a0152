import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import type { Anchor } from '../audit/anchor.ts'
import { publicKeysIn, type PublicKeys } from '../audit/signing-key.ts'
import { verifyTrail, type TrailReport } from '../audit/verify-trail.ts'
import type { Config } from '../config/config.ts'
import { errnoOf, isSallyportError, SallyportError } from '../errors.ts'
import { anchorsInFile, anchorsInRedis } from './audit-anchors.ts'
import { publicKeyFile } from './audit-keys.ts'
import { isSound, reportLines } from './audit-report.ts'
import { configuration } from './configuration.ts'
import { print, printJson, tell } from './print.ts'

interface Flags {
  readonly key: readonly string[]
  readonly anchor: readonly string[]
  readonly since?: string
  readonly json?: true
  readonly unsafeUnsigned?: true
}

const EXAMPLES = `
Examples:
  npx sallyport audit verify
  npx sallyport audit verify --anchor /mnt/other/anchors.jsonl
  npx sallyport audit verify copy/of/audit --key audit-signing-key.pub.pem --json
  npx sallyport audit verify --since 2026-11-01              files of days before were removed on purpose

It reads files and nothing else: no server has to run. Keep a copy of the public key where who can write to the trail
cannot write, and name it with --key: who can change both can sign anew.
"--anchor redis" reads the anchors in the Redis of the store; those that sallyport.yaml names are read anyway.

Exit codes: 0 nothing is wrong, 1 something is, 2 wrong usage.`

/** `sallyport audit verify`: whether the trail is as it was written. */
export function auditVerifyCommand(): Command {
  return new Command('verify')
    .description(
      'Verify the chains of the audit trail: what was edited, removed, inserted or moved, and where.',
    )
    .argument('[directory]', 'the folder of a trail; that of this installation unless given')
    .option('--key <file>', 'the public keys that sign it; may be repeated', collect, [])
    .option('--anchor <file>', 'anchors that are kept elsewhere, or "redis"; may be repeated', collect, [])
    .option('--since <day>', 'files of days before, as in 2026-11-01, are not missed', dayOption)
    .option('--json', 'print what was found as JSON')
    .option('--unsafe-unsigned', 'ask for no signatures: only that lines follow each other is looked at')
    .addHelpText('after', EXAMPLES)
    .action(verify)
}

async function verify(directory: string | undefined, flags: Flags): Promise<void> {
  const { since, json } = flags
  // A copy from elsewhere is verified without an installation.
  const config = directory === undefined ? configuration() : undefined
  const keys = flags.unsafeUnsigned === true ? undefined : await keysOf(flags.key, config)
  const anchors = await anchorsOf(flags.anchor, config)
  const place = directory ?? config?.audit ?? ''
  const report = await verifyTrail(place, { keys, anchors, since })
  if (json === true) printJson({ ok: isSound(report), ...report })
  else
    for (const line of reportLines(report, { place, anchors: anchors.length, isSigned: keys !== undefined }))
      print(line)
  if (!isSound(report)) throw new SallyportError('REFUSED', faultOf(report))
}

function faultOf({ chains, problems }: TrailReport): string {
  const many = problems.length + chains.filter(({ problem }) => problem !== null).length
  return many === 1
    ? 'the trail is not as it was written'
    : `the trail is not as it was written, in ${many} places`
}

async function keysOf(files: readonly string[], config: Config | undefined): Promise<PublicKeys> {
  const named = files.length > 0 || config === undefined ? files : [publicKeyFile(config)]
  if (named.length === 0)
    throw new SallyportError(
      'CONFIGURATION_INVALID',
      'the public key is not known: name it with --key FILE (data/audit-signing-key.pub.pem of the server)',
    )
  const keys = await Promise.all(
    named.map(async (path) => Array.from(publicKeysIn(await contentOf(path), path))),
  )
  return new Map(keys.flat())
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new SallyportError(
      'AUDIT_UNAVAILABLE',
      `the public key ${path} cannot be read (${errnoOf(cause)}): the server makes it with the first event; or name another one with --key`,
      { cause },
    )
  }
}

async function anchorsOf(named: readonly string[], config: Config | undefined): Promise<readonly Anchor[]> {
  const asked = await Promise.all(
    named.map(async (one) =>
      one === 'redis' ? anchorsInRedis(config ?? configuration()) : anchorsInFile(one),
    ),
  )
  const configured = (config?.auditTrail.anchors ?? []).map(async (one) => {
    if (one.kind === 'syslog') return []
    if (one.kind === 'redis')
      return named.includes('redis') || config === undefined ? [] : anchorsInRedis(config)
    return named.includes(one.path) ? [] : anchorsInFile(one.path).catch(notYet)
  })
  return [...asked, ...(await Promise.all(configured))].flat()
}

/** Nothing was anchored yet, or somebody removed it: what is not anchored is said below. */
function notYet(error: unknown): readonly Anchor[] {
  if (!isSallyportError(error, 'AUDIT_UNAVAILABLE') || errnoOf(error.cause) !== 'ENOENT') throw error
  tell(`warning: ${error.message}`)
  return []
}

function collect(file: string, files: readonly string[]): readonly string[] {
  return [...files, file]
}

function dayOption(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return text
  throw new InvalidArgumentError('Write a day, as in 2026-11-01.')
}
