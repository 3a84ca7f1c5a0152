import type { SecretChanged, UserChanged } from '../audit/event.ts'
import { accountState } from '../auth/account-state.ts'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import type { HistoryEvent } from '../login/history.ts'
import { noAccountToDisable, noSuchUser } from '../login/user-faults.ts'
import type { Store } from '../store/store.ts'
import { configuration } from './configuration.ts'
import { openAudit } from './open-audit.ts'
import { tell } from './print.ts'
import { storeOf } from './store-of.ts'

/** What a command changes about a user. */
export interface UserCommand<Told> {
  readonly event: Extract<UserChanged['event'], `user.${string}`>
  readonly history: HistoryEvent
  /** Whether it gives something, and so must be on record before it counts; what only takes goes through in any case. */
  readonly gives: boolean
  /** What becomes of the account; absent if it stays as it is. */
  readonly disabled?: boolean
  /** Changes the user and raises the epoch in the same step. */
  readonly change: (store: Store, config: Config) => Promise<{ readonly epoch: number; readonly told: Told }>
  /** Prints what came of it; what is printed is true, whatever comes afterwards. */
  readonly report: (told: Told) => void
}

/**
 * Changes a user by command, which ends all of his sessions, and tells of it: every server, the audit trail, the owner.
 *
 * @throws SallyportError `NOT_FOUND` if there is no such user; `AUDIT_UNAVAILABLE` for what must be on record first;
 *   `REFUSED` if it is done, but could not be told to all
 */
export async function changeUser<Told>(name: string, command: UserCommand<Told>): Promise<void> {
  const config = configuration()
  const store = await storeOf(config)
  try {
    if ((await store.users.find(name)) === undefined)
      throw command.disabled === true ? noAccountToDisable(name) : noSuchUser(name)
    const event = { event: command.event, principal: `user:${name}`, by: OPERATOR } as const
    if (command.gives) await recorded(event, config)
    const { epoch, told } = await command.change(store, config)
    command.report(told)
    const problems = [
      ...(await problemOf(
        UNTOLD[command.disabled === true ? 'disabled' : 'others'],
        async () => await announced({ name, epoch, disabled: command.disabled }, store, config),
      )),
      ...(command.gives
        ? []
        : await problemOf('it is not on the audit trail', async () => await recorded(event, config))),
      ...(await problemOf(
        'it is not in the history of the account',
        async () => await store.histories.add(name, { at: Date.now(), event: command.history, ...NOWHERE }),
      )),
    ]
    if (problems.length > 0) throw incomplete(problems)
  } finally {
    await store.close()
  }
}

/** Who does what is done by command on the machine itself. */
export const OPERATOR = 'operator'

const NOWHERE = { address: '', userAgent: '' }

/** Puts what an operator does on record. Rejects with `AUDIT_UNAVAILABLE`. */
export async function recorded(event: UserChanged | SecretChanged, config: Config): Promise<void> {
  try {
    const audit = await openAudit(config)
    try {
      await audit.record(event)
    } finally {
      await audit.close()
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SallyportError(
      'AUDIT_UNAVAILABLE',
      `the audit trail ${config.audit} cannot be written: ${why}`,
      {
        cause,
      },
    )
  }
}

/** Sessions end by the store alone, certificates do not. */
const UNTOLD = {
  disabled:
    'servers were not told, and take certificates of this user until they start anew: run the same command again',
  others: 'servers were not told at once',
} as const

interface Changed {
  readonly name: string
  readonly epoch: number
  readonly disabled: boolean | undefined
}

async function announced(
  { name, epoch, disabled }: Changed,
  { revocations }: Store,
  { sessions: { absoluteTimeout } }: Config,
): Promise<void> {
  const now = Date.now()
  await revocations.revoke([
    { kind: 'user', user: name, epoch, until: now + absoluteTimeout },
    ...(disabled === undefined ? [] : [accountState({ name, epoch, disabled }, now)]),
  ])
}

async function problemOf(what: string, work: () => Promise<void>): Promise<readonly string[]> {
  try {
    await work()
    return []
  } catch (error) {
    return [`${what}: ${error instanceof Error ? error.message : String(error)}`]
  }
}

function incomplete(problems: readonly string[]): SallyportError {
  for (const problem of problems) tell(problem)
  return new SallyportError('REFUSED', 'it is done and the sessions have ended, but see above')
}
