import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Store } from '../../src/store/store.ts'
import { newSession, newUser, type TestSession } from '../support/session-records.ts'

const MOST = 2
const USERS = 2
/** Redis counts times to live by a clock of its own: what ends here by ours must not end there before. */
const SECOND = 1_000

interface ModelSession {
  readonly session: TestSession
  readonly user: number
  readonly epoch: number
  readonly isPending: boolean
  readonly createdAt: number
  readonly idleTimeout: number
  readonly expiresAt: number
  idleExpiresAt: number
  lastSeenAt: number
}

/** What sessions are supposed to be, in so few lines that one can see that they are right. */
interface Model {
  now: number
  readonly users: { epoch: number; disabled: boolean; revision: number }[]
  /** Every session that was ever opened, in the order of opening. */
  readonly opened: ModelSession[]
  readonly ended: Set<ModelSession>
}

/** The stores: two connections to the same data, used in turn. */
interface Real {
  readonly names: readonly string[]
  readonly any: () => Store
}

function isLive(model: Model, one: ModelSession): boolean {
  const { epoch, disabled } = model.users[one.user] ?? assert.fail()
  const { now } = model
  return (
    !model.ended.has(one) &&
    !disabled &&
    one.epoch === epoch &&
    now < one.idleExpiresAt &&
    now < one.expiresAt
  )
}

function byAge(one: ModelSession, other: ModelSession): number {
  return one.createdAt - other.createdAt || (one.session.digest < other.session.digest ? -1 : 1)
}

type Step = fc.AsyncCommand<Model, Real>

/** A step that is always possible. */
function step(name: string, run: (model: Model, real: Real) => Promise<void>): Step {
  return { check: () => true, run, toString: () => name }
}

interface OpenArguments {
  readonly user: number
  readonly isPending: boolean
  readonly idleTimeout: number
  readonly life: number
  /** Which of those that were ever opened is replaced. */
  readonly replaces: number | null
}

function open(arguments_: OpenArguments): Step {
  const { user, isPending, idleTimeout, life, replaces } = arguments_
  return step(`open ${JSON.stringify(arguments_)}`, async (model, { names, any }) => {
    const { epoch, disabled } = model.users[user] ?? assert.fail()
    const { now } = model
    const named = newUser({ name: names[user] ?? '', epoch })
    const times = { createdAt: now, idleTimeout, expiresAt: now + life }
    const session = newSession(named, now, { ...times, pending: isPending ? 'second_factor' : null })
    const old = replaces === null ? undefined : model.opened[replaces % Math.max(model.opened.length, 1)]
    const idleExpiresAt = Math.min(now + idleTimeout, now + life)
    const ended = await any().sessions.open(session.record, idleExpiresAt, old?.session.digest, now, MOST)
    const mayReplace =
      old === undefined ||
      (old.user === user &&
        !model.ended.has(old) &&
        (old.epoch === epoch || old.epoch === epoch - 1) &&
        now < old.idleExpiresAt &&
        now < old.expiresAt)
    if (disabled || !mayReplace) return assert.equal(ended, undefined)
    if (old !== undefined) model.ended.add(old)
    const same = model.opened.filter(
      (one) => one.user === user && one.isPending === isPending && isLive(model, one),
    )
    const oldest = same.toSorted(byAge).slice(0, Math.max(0, same.length - MOST + 1))
    for (const one of oldest) model.ended.add(one)
    // What is not live when another one is opened is cleared away, and is not there to be ended.
    for (const one of model.opened) if (one.user === user && !isLive(model, one)) model.ended.add(one)
    const gone = [...(old === undefined ? [] : [old]), ...oldest]
    assert.deepEqual(
      ended,
      gone.map((one) => ({ digest: one.session.digest, expiresAt: one.expiresAt })),
    )
    const { expiresAt, createdAt } = times
    model.opened.push({
      session,
      user,
      epoch,
      isPending,
      createdAt,
      idleTimeout,
      expiresAt,
      idleExpiresAt,
      lastSeenAt: now,
    })
  })
}

function validate(which: number, use: 'use' | 'look'): Step {
  return step(`${use} ${which}`, async (model, { any }) => {
    const one = model.opened[which % Math.max(model.opened.length, 1)]
    if (one === undefined) return
    const { digest, slot, record } = one.session
    const live = await any().sessions.validate(digest, slot, model.now, use)
    if (!isLive(model, one)) return assert.equal(live, undefined)
    if (use === 'use') {
      one.idleExpiresAt = Math.max(one.idleExpiresAt, Math.min(model.now + one.idleTimeout, one.expiresAt))
      one.lastSeenAt = Math.max(one.lastSeenAt, model.now)
    }
    assert.deepEqual(live, { record, idleExpiresAt: one.idleExpiresAt, lastSeenAt: one.lastSeenAt })
  })
}

function end(which: number): Step {
  return step(`end ${which}`, async (model, { any }) => {
    const one = model.opened[which % Math.max(model.opened.length, 1)]
    if (one === undefined) return
    const wasThere = await any().sessions.end(one.session.digest, one.session.slot)
    if (isLive(model, one)) assert.equal(wasThere, true)
    if (model.ended.has(one)) assert.equal(wasThere, false)
    model.ended.add(one)
  })
}

function endAll(user: number): Step {
  return step(`end all of ${user}`, async (model, { names, any }) => {
    const state = model.users[user] ?? assert.fail()
    state.epoch++
    assert.equal(await any().sessions.endAll(names[user] ?? ''), state.epoch)
  })
}

function setDisabled(user: number, disabled: boolean): Step {
  return step(`${disabled ? 'disable' : 'enable'} ${user}`, async (model, { names, any }) => {
    const state = model.users[user] ?? assert.fail()
    state.disabled = disabled
    state.epoch++
    assert.equal(await any().users.setDisabled(names[user] ?? '', disabled), state.epoch)
  })
}

function changeCredentials(user: number, endSessions: boolean): Step {
  return step(`change ${user} ${endSessions}`, async (model, { names, any }) => {
    const state = model.users[user] ?? assert.fail()
    const change = { credentials: 'other', endSessions }
    assert.equal(await any().users.update(names[user] ?? '', change, state.revision), true)
    state.revision++
    if (endSessions) state.epoch++
  })
}

function list(user: number): Step {
  return step(`list ${user}`, async (model, { names, any }) => {
    const expected = model.opened.filter((one) => one.user === user && isLive(model, one)).toSorted(byAge)
    assert.deepEqual(
      await any().sessions.list(names[user] ?? '', model.now),
      expected
        .toReversed()
        .map(({ session: { record }, idleExpiresAt, lastSeenAt }) => ({ record, idleExpiresAt, lastSeenAt })),
    )
  })
}

function pass(ms: number): Step {
  return step(`${ms} ms pass`, async (model) => {
    model.now += ms
  })
}

const user = fc.nat(USERS - 1)
const which = fc.nat(11)
const opening = fc.record({
  user,
  isPending: fc.boolean(),
  idleTimeout: fc.constantFrom(50 * SECOND, 400 * SECOND, 400 * SECOND),
  life: fc.constantFrom(60 * SECOND, 1_000 * SECOND, 1_000 * SECOND),
  replaces: fc.option(which, { freq: 1 }),
})

const STEPS = fc.commands(
  [
    ...Array.from({ length: 6 }, () => opening.map(open)),
    which.map((one) => validate(one, 'use')),
    which.map((one) => validate(one, 'look')),
    which.map(end),
    user.map(endAll),
    fc.tuple(user, fc.nat(3)).map(([one, chance]) => setDisabled(one, chance === 0)),
    fc.tuple(user, fc.nat(2)).map(([one, chance]) => changeCredentials(one, chance === 0)),
    user.map(list),
    fc.constantFrom(1, 1, SECOND, 20 * SECOND, 60 * SECOND, 300 * SECOND).map(pass),
  ],
  { maxCommands: 60, size: 'max' },
)

/** Runs random histories of sessions on a store, over two connections, and compares every answer with the model's. */
export async function modelSessions(one: Store, two: Store, now: number, runs: number): Promise<void> {
  let turn = 0
  const setup = async (): Promise<{ model: Model; real: Real }> => {
    const users = Array.from({ length: USERS }, () => newUser())
    for (const fresh of users) await one.users.create(fresh)
    return {
      model: {
        now,
        users: users.map(() => ({ epoch: 0, disabled: false, revision: 0 })),
        opened: [],
        ended: new Set(),
      },
      real: { names: users.map(({ name }) => name), any: () => (turn++ % 2 === 0 ? one : two) },
    }
  }
  await fc.assert(
    fc.asyncProperty(STEPS, async (steps) => fc.asyncModelRun(setup, steps)),
    { numRuns: runs },
  )
}
