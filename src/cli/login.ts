import { hostname } from 'node:os'
import { performance } from 'node:perf_hooks'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { SallyportError } from '../errors.ts'
import { answersIn, terminal, type Answers } from './answers.ts'
import { deviceLogin, type DevicePrompt } from './device-login.ts'
import { assertHttpsUrl } from './https-url.ts'
import type { NewSession } from './logged-in-answer.ts'
import { passwordLogin } from './password-login.ts'
import { askDoor, type PeopleDoor } from './people-door.ts'
import { print, printJson, progress, tell } from './print.ts'
import { keepSession, keptSession } from './session-file.ts'
import { trustedRoots } from './trusted-roots.ts'
import { visible } from './visible.ts'

interface Flags {
  readonly name?: string
  readonly device?: true
  readonly passwordStdin?: true
  readonly ca?: string
  readonly printToken?: true
  readonly json?: true
}

const EXAMPLES = `
Examples:
  npx sallyport login https://localhost:8444
  npx sallyport login https://door.example:8444 --device --ca root.pem
  printf '%s\\n' "$PASSWORD" | npx sallyport login https://door.example:8444 --name alice --password-stdin

Name, password and code are asked for on the terminal; nothing secret goes on the command line. With --password-stdin
they come from standard input, one line for each question: the password, then what else the server asks for.
The session is kept for you alone (mode 600) under ~/.config/sallyport/sessions, one for each server;
"npx sallyport connect --session", "tools --session" and "call --session" use it, "npx sallyport logout" ends it.
The server is verified by --ca, else by the CA of the installation here, else as at the last login, else by the CAs
that this machine trusts.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** `sallyport login`: a session for the terminal. */
export function loginCommand(): Command {
  return new Command('login')
    .description('Log in, and keep the session for this terminal.')
    .argument('<url>', 'of the door for people, as in https://door.example:8444')
    .option('--name <user>', 'who logs in; asked for by default')
    .addOption(
      new Option('--device', 'show a code, and wait until you approve it in a browser').conflicts([
        'name',
        'passwordStdin',
      ]),
    )
    .option('--password-stdin', 'read the password from standard input')
    .option('--ca <file>', 'the root certificate to verify the server by')
    .addOption(new Option('--print-token', 'print the token instead of keeping it').conflicts('json'))
    .option('--json', 'print the result as JSON, without the token')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(address: string, flags: Flags): Promise<void> {
  const { origin } = assertHttpsUrl(address)
  const { env } = process
  const ca = await trustedRoots({ origin, ca: flags.ca, cwd: process.cwd(), env })
  const door = { origin, ca }
  const session = flags.device === true ? await byDevice(door) : await byPassword(door, flags)
  if (flags.printToken === true) return print(session.token)
  await kept(door, session, flags.json === true)
}

async function byPassword(door: PeopleDoor, { name, passwordStdin }: Flags): Promise<NewSession> {
  const answers: Answers = passwordStdin === true ? answersIn(await text(process.stdin)) : terminal
  if (passwordStdin === true && name === undefined)
    throw new SallyportError('REFUSED', 'say who logs in: --password-stdin goes with --name')
  return passwordLogin({ door, name, answers, tell })
}

async function byDevice(door: PeopleDoor): Promise<NewSession> {
  const stop = new AbortController()
  const breakOff = (): void => stop.abort()
  // Not once, and not off when it fails: who presses Ctrl-C again while it ends is told what became of it as well.
  process.on('SIGINT', breakOff).on('SIGTERM', breakOff)
  const session = await deviceLogin({
    door,
    client: `sallyport on ${hostname()}`,
    show: showPrompt,
    waiting: (left) =>
      progress(`waiting for you to approve it, for another ${minutes(left)} (Ctrl-C ends it) `),
    wait: async (ms, signal) => wait(ms, undefined, { signal }),
    now: () => performance.now(),
    signal: stop.signal,
  }).finally(() => progress(''))
  process.off('SIGINT', breakOff).off('SIGTERM', breakOff)
  return session
}

function showPrompt({ userCode, verificationUri, verificationUriComplete }: DevicePrompt): void {
  tell(`Open ${verificationUri} in a browser, and enter the code ${userCode}`)
  tell(`or open ${verificationUriComplete}`)
}

function minutes(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** The session before, at the same server, is of no more use: it ends there, if it can be reached. */
async function kept(door: PeopleDoor, session: NewSession, asJson: boolean): Promise<void> {
  const { env } = process
  const before = await keptSession(door.origin, env).catch(() => undefined)
  const { user, token, expiresAt } = session
  const file = await keepSession({ server: door.origin, ca: door.ca, user: user.name, token, expiresAt }, env)
  if (before !== undefined)
    await askDoor(door, '/auth/logout', {}, { token: before.token }).catch(() => undefined)
  if (asJson) return printJson({ server: door.origin, user, expiresAt, file })
  const roles = user.roles.length === 0 ? 'no role' : user.roles.join(', ')
  print(
    `logged in at ${door.origin} as ${visible(user.name)} (${visible(roles)}), until ${expiresAt} at the latest`,
  )
  print(`kept in ${file}`)
}
