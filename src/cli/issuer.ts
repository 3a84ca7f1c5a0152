import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import { pino } from 'pino'
import type { Config } from '../config/config.ts'
import { openAuthority } from '../pki/authority.ts'
import type { Signer } from '../pki/certify.ts'
import { authorityFiles } from '../pki/files.ts'
import { keysIn, type AuthorityKeys } from '../pki/resign.ts'
import { caPassphrase } from './ca-passphrase.ts'
import { configuration } from './configuration.ts'
import { issuerService } from './issuer-service.ts'
import { listenForIssuing } from './issuer-socket.ts'
import { openAudit } from './open-audit.ts'
import { print } from './print.ts'
import { renewDue, type Renewals } from './renew-due.ts'
import { publishedAt, publishFrom } from './with-issuing.ts'

interface Flags {
  readonly group?: number
  readonly keep: readonly string[]
  readonly untilStdinCloses?: true
}

const EXAMPLES = `
Examples:
  npx sallyport issuer
  npx sallyport issuer --group 1001                        serve runs as another user of that group
  SALLYPORT_CA_PASSPHRASE_FILE=/run/secrets/ca npx sallyport issuer

It holds the key of the issuing CA, and "sallyport serve" asks it through the Unix socket that issuer.socket names:
whoever can connect to that gets certificates. "npm start" runs one by itself where the key is at hand.

Exit codes: 0 ended when told to, 1 refused or failed, 2 wrong usage.`

/** `sallyport issuer`: the process that holds the issuing key. */
export function issuerCommand(): Command {
  return new Command('issuer')
    .description(
      'Hold the key of the issuing CA: renew and enrol clients, renew the server, sign revocation lists.',
    )
    .option('--group <gid>', 'the group whose members may connect as well, by number', groupOf)
    .option('--keep <name>', 'also renew the certificate in certs/clients/NAME; may be repeated', collect, [])
    .option('--until-stdin-closes', 'end when standard input does: with the process that started this one')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: Flags) => await issuer(configuration(), flags))
}

interface Log {
  info(fields: object | string, message?: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** How often what is due is looked for, in ms. */
const UPKEEP = 3_600_000

async function issuer(config: Config, { group, keep, untilStdinCloses }: Flags): Promise<void> {
  const log = pino({ name: 'sallyport-issuer' }, pino.destination({ dest: 2, sync: true }))
  const { certificates: certs, authority } = config
  const passphrase = caPassphrase()
  const signer = await openAuthority(certs, Date.now(), passphrase)
  const root = await readFile(authorityFiles(certs).root, 'utf8')
  const audit = await openAudit(config)
  const ending = new AbortController()
  const stopped = toldToStop(untilStdinCloses === true, ending.signal)
  try {
    const where = { certs, audit, ...publishedAt(authority) }
    const onProblem = (err: unknown): void => log.error({ err }, 'not issued')
    const service = issuerService({ ...where, signer, now: Date.now, onProblem })
    const socket = await listenForIssuing({
      path: config.issuer.socket,
      ...(group === undefined ? {} : { group }),
      issuer: service,
      root,
    })
    print(`Issuing at: ${config.issuer.socket}`)
    const keys = heldKeys(signer, keysIn(certs, passphrase), log)
    const renew = async (): Promise<Renewals> => {
      const renewals = await renewDue(keep, { ...where, now: Date.now() }, keys)
      await publishFrom(config)
      return renewals
    }
    const upkeep = keepUp(renew, log, ending.signal)
    await stopped
    await socket.close()
    ending.abort()
    await upkeep
  } finally {
    ending.abort()
    await audit.close()
  }
}

/** The issuing key is open already. The root's signs once in months, and must not keep the server from being renewed. */
function heldKeys(issuing: Signer, keys: AuthorityKeys, log: Log): AuthorityKeys {
  return async (authority) => {
    if (authority === 'issuing') return issuing
    return await keys(authority).catch((err: unknown) => {
      log.warn({ err }, 'the key of the root cannot be used')
      return undefined
    })
  }
}

/** Resolves at a signal, and with the end of standard input where that is wanted; or when nobody waits any more. */
async function toldToStop(untilStdinCloses: boolean, signal: AbortSignal): Promise<void> {
  const { stdin } = process
  const ends: Promise<unknown>[] = [
    once(process, 'SIGINT', { signal }),
    once(process, 'SIGTERM', { signal }),
    ...(untilStdinCloses ? [once(stdin.resume(), 'close', { signal })] : []),
  ]
  await Promise.race(ends).catch(() => undefined)
  // While it is read it keeps the process alive.
  if (untilStdinCloses) stdin.destroy()
}

/** Now and every hour, so that a running installation never runs out. What goes wrong is tried again. */
async function keepUp(work: () => Promise<Renewals>, log: Log, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      report(await work(), log)
    } catch (err) {
      log.error({ err }, 'what is due could not be renewed; it is tried again in an hour')
    }
    await wait(UPKEEP, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

function report({ server, clients, problems, revocationLists }: Renewals, log: Log): void {
  if (server) log.info('renewed the certificate of the server')
  for (const name of clients) log.info({ name }, 'renewed the certificate of a client')
  for (const problem of problems) log.warn({ problem }, 'not renewed')
  for (const [authority, state] of Object.entries(revocationLists)) {
    if (state === 'signed') log.info({ authority }, 'signed a revocation list')
    if (state === 'no-key')
      log.warn({ authority }, 'a revocation list is to be signed where the key of its CA is')
  }
}

function collect(name: string, names: readonly string[]): readonly string[] {
  return [...names, name]
}

function groupOf(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Write the number of a group: "getent group NAME" shows it.')
}
