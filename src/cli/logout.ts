import { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import { assertHttpsUrl } from './https-url.ts'
import { onlySession } from './only-session.ts'
import { askDoor, refusedByDoor } from './people-door.ts'
import { print, printJson } from './print.ts'
import { forgetSession, keptSession, type KeptSession } from './session-file.ts'

const EXAMPLES = `
Examples:
  npx sallyport logout
  npx sallyport logout https://door.example:8444

Without a URL it ends the one session that is kept. The file is removed in any case: where the server cannot be
reached, the session lasts there until it is not used for long enough, or is ended on the page /account.

Exit codes: 0 ended, 1 not logged in, or the server could not be told; 2 wrong usage.`

/** `sallyport logout`: ends the session of the terminal, on the server and here. */
export function logoutCommand(): Command {
  return new Command('logout')
    .description('End the session that "sallyport login" keeps, and remove it.')
    .argument('[url]', 'of the server; needed where there are sessions for several')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(address: string | undefined, { json }: { readonly json?: true }): Promise<void> {
  const origin =
    address === undefined ? (await onlySession(process.env)).server : assertHttpsUrl(address).origin
  const { env } = process
  const session = await keptSession(origin, env).catch(async (error: unknown) => {
    // What is unfit is no session that could be ended, and nothing to keep.
    await forgetSession(origin, env)
    throw error
  })
  if (session === undefined) throw new SallyportError('NOT_FOUND', `you are not logged in at ${origin}`)
  // First of all: whatever becomes of the rest, this machine has no session any more (ASVS 5.0, 14.3.1).
  await forgetSession(origin, env)
  await ended(session)
  if (json === true) return printJson({ server: origin, user: session.user, ended: true })
  print(`logged out of ${origin}`)
}

async function ended({ server, ca, token }: KeptSession): Promise<void> {
  const left = 'the session was removed here, but lasts there until it was not used for long enough'
  const answer = await askDoor({ origin: server, ca }, '/auth/logout', {}, { token }).catch(
    (cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new SallyportError('UNREACHABLE', `${why}; ${left}: end it on ${server}/account`, { cause })
    },
  )
  if (answer.kind === 'good' || answer.status === 401) return
  throw new SallyportError(
    'UNREACHABLE',
    `${refusedByDoor(answer, server).message}; ${left}: end it on ${server}/account`,
  )
}
