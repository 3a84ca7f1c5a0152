import { SallyportError } from '../errors.ts'
import type { Answers } from './answers.ts'
import { loginAnswer, type LoginAnswer, type NewSession } from './logged-in-answer.ts'
import { askDoor, refusedByDoor, type DoorRefusal, type PeopleDoor } from './people-door.ts'

/** Who logs in where, and who answers what the server wants to know. */
export interface PasswordLogin {
  readonly door: PeopleDoor
  /** Asked for unless given. */
  readonly name: string | undefined
  readonly answers: Answers
  /** Told what was not good, before it is asked for again. */
  readonly tell: (line: string) => void
}

type Pending = Exclude<LoginAnswer, { next: null }>

/** Beyond these the server has ended the login. */
const TRIES = 5

/**
 * Logs in by name and password, and whatever the server wants beside them.
 *
 * @throws SallyportError `REFUSED`, `TOO_BUSY` or `UNREACHABLE`; a login that was begun is ended then
 */
export async function passwordLogin(login: PasswordLogin): Promise<NewSession> {
  const { door, answers } = login
  const username = login.name ?? (await answers.name('User name:'))
  const password = await answers.secret('Password:')
  const begun = await askDoor(door, '/auth/login', { username, password, token: true })
  if (begun.kind === 'refused') throw refusedLogin(begun, door)
  let answer = loginAnswer(begun.body, door.origin)
  while (answer.next !== null) {
    const pending: Pending = answer
    answer = await stepped(pending, login).catch(async (error: unknown) => {
      await askDoor(door, '/auth/logout', {}, { token: pending.pending }).catch(() => undefined)
      throw error
    })
  }
  return answer
}

async function stepped(pending: Pending, login: PasswordLogin): Promise<LoginAnswer> {
  const { origin } = login.door
  switch (pending.next) {
    case 'second_factor':
      return tried(login, async () => ({
        path: '/auth/factor',
        body: { code: await login.answers.secret('Code of your second factor, or a recovery code:') },
        token: pending.pending,
      }))
    case 'change_password':
      login.tell('this password is good only for setting one of your own: choose it')
      return tried(login, async () => ({
        path: '/auth/password',
        body: { newPassword: await newPassword(login) },
        token: pending.pending,
      }))
    case 'enrol':
      throw new SallyportError(
        'REFUSED',
        `this account needs a second factor, and has none: log in at ${origin}/login in a browser and follow the pages, then try again`,
      )
  }
}

interface Step {
  readonly path: '/auth/factor' | '/auth/password'
  readonly body: Readonly<Record<string, string>>
  readonly token: string
}

/** Asks a person again for what the server did not take, as long as the login lives. */
async function tried(
  { door, answers, tell }: PasswordLogin,
  step: () => Promise<Step>,
): Promise<LoginAnswer> {
  for (let attempt = 1; ; attempt++) {
    const { path, body, token } = await step()
    const answer = await askDoor(door, path, body, { token })
    if (answer.kind === 'good') return loginAnswer(answer.body, door.origin)
    const isWrong = answer.code === 'invalid_credentials' || answer.code === 'password_refused'
    if (!isWrong || !answers.isPerson || attempt === TRIES) throw refusedStep(answer, door)
    tell(answer.message)
  }
}

async function newPassword({ answers, tell }: PasswordLogin): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const password = await answers.secret('New password, of 12 characters at least:')
    if (!answers.isPerson || (await answers.secret('The same again:')) === password) return password
    if (attempt === TRIES)
      throw new SallyportError('REFUSED', 'the two passwords differ: nothing was changed')
    tell('the two passwords differ')
  }
}

function refusedLogin(refusal: DoorRefusal, { origin }: PeopleDoor): SallyportError {
  return refusal.code === 'invalid_credentials'
    ? new SallyportError('REFUSED', `${origin} refused: user name or password is not right`)
    : refusedByDoor(refusal, origin)
}

function refusedStep(refusal: DoorRefusal, { origin }: PeopleDoor): SallyportError {
  return refusal.code === 'unauthenticated'
    ? new SallyportError(
        'REFUSED',
        `the login at ${origin} is over: it took too long, or was ended; begin again`,
      )
    : refusedByDoor(refusal, origin)
}
