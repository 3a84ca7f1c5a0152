import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { ABSENT, type Evidence } from '../../src/auth/authenticator.ts'
import { NO_LIVE_LIST } from '../../src/auth/revocation.ts'
import { sessionAuthenticator } from '../../src/auth/session.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import { isSallyportError } from '../../src/errors.ts'
import { announceUser } from '../../src/login/announce-user.ts'
import { changePassword } from '../../src/login/change-password.ts'
import { endOtherSessions } from '../../src/login/end-other-sessions.ts'
import { endSession } from '../../src/login/end-session.ts'
import { endSessions } from '../../src/login/end-sessions.ts'
import { logIn } from '../../src/login/log-in.ts'
import type { OpenedSession } from '../../src/login/open-session.ts'
import type { Caller, LoginOptions } from '../../src/login/options.ts'
import { openStore } from '../../src/store/open.ts'
import { PASSWORD, type LoginDoor } from './login-door.ts'

/** What the races came to: each kind of step must have happened, or nothing was shown. */
export type Tally = Record<
  'admitted' | 'refused' | 'logins' | 'ended' | 'rotated' | 'allEnded' | 'disabled' | 'changed',
  number
>

const CALLER: Caller = {
  requestId: 'race',
  address: '127.0.0.1',
  userAgent: 'race',
}
const NEW_PASSWORD = 'another long password'
const AT_ONCE = 8

/**
 * Races, on two connections to one store, everything that may happen to the sessions of a user, through the functions
 * that the server itself runs. Nobody hears of ends by the live list here: the store alone must be enough.
 *
 * - whoever asks with a token after it was revoked in any way, and after that was answered, is refused, for ever;
 * - nobody logs in after `disable` was answered, nor by the old password after its change was;
 * - a session that was ended and rotated at the same moment has ended.
 */
export async function raceLogins(door: LoginDoor, rounds: number, seed: number): Promise<Tally> {
  const second = await openStore(door.location, { now: door.options.now, slotOf })
  const audit = { record: async () => undefined }
  const quiet = { audit, announce: async () => undefined, revocations: NO_LIVE_LIST }
  const nodes = [
    { ...door.options, ...quiet },
    { ...door.options, ...second, ...quiet },
  ] as const
  const tally = {
    admitted: 0,
    refused: 0,
    logins: 0,
    ended: 0,
    rotated: 0,
    allEnded: 0,
    disabled: 0,
    changed: 0,
  }
  const random = randomFrom(seed)
  try {
    for (let round = 0; round < rounds; round += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, () => race(door, nodes, random, tally)))
  } catch (error) {
    throw new Error(`in a race of seed ${seed}`, { cause: error })
  } finally {
    await second.close()
  }
  return tally
}

type Random = (below: number) => number

async function race(
  door: LoginDoor,
  nodes: readonly [LoginOptions, LoginOptions],
  random: Random,
  tally: Tally,
): Promise<void> {
  const any = (): LoginOptions => nodes[random(2)] ?? nodes[0]
  const user = (await door.addUser({ name: `u-${randomBytes(8).toString('hex')}` })).name
  const opened: OpenedSession[] = []
  const dead = new Set<string>()
  let leastEpoch = 0
  let isDisabled = false
  let isChanged = false

  const isDead = ({ token, record }: OpenedSession): boolean =>
    dead.has(token) || record.epoch < leastEpoch || isDisabled
  const admitted = async (token: string): Promise<boolean> => {
    const node = any()
    const outcome = await sessionAuthenticator(node)(evidenceOf(token, node.now()))
    return outcome.kind === 'identified'
  }
  const one = (): OpenedSession => opened[random(opened.length)] ?? assert.fail()
  const raise = (epoch: number): void => {
    leastEpoch = Math.max(leastEpoch, epoch)
  }

  const use = async (): Promise<void> => {
    const session = one()
    const wasDead = isDead(session)
    const isAdmitted = await admitted(session.token)
    assert.ok(!(wasDead && isAdmitted), 'a request was admitted after the revocation had returned')
    tally[isAdmitted ? 'admitted' : 'refused']++
  }
  const login = async (): Promise<void> => {
    const [wasDisabled, wasChanged] = [isDisabled, isChanged]
    const attempt = { username: user, password: PASSWORD, code: undefined, label: 'token' } as const
    const outcome = await orRefused(logIn({ ...attempt, previous: undefined, caller: CALLER }, any()))
    if (outcome?.kind !== 'opened') return
    assert.ok(!wasDisabled, 'somebody logged in who was disabled')
    assert.ok(!wasChanged, 'somebody logged in by a password that was changed')
    opened.push(outcome.opened)
    tally.logins++
  }
  const logout = async (): Promise<void> => {
    const { token, record } = one()
    await endSession(record, 'logout', CALLER, any())
    dead.add(token)
    tally.ended++
    assert.equal(await admitted(token), false)
  }
  const others = async (): Promise<void> => {
    const present = one()
    const wasDead = isDead(present)
    const next = await endOtherSessions(present.record, CALLER, any())
    if (next === undefined) return
    assert.ok(!wasDead, 'a session was rotated that had ended')
    dead.add(present.token)
    raise(next.record.epoch)
    opened.push(next)
    tally.rotated++
  }
  const endAll = async (): Promise<void> => {
    raise((await endSessions(user, { by: 'user:admin', caller: CALLER }, any())) ?? assert.fail())
    tally.allEnded++
  }
  const disable = async (): Promise<void> => {
    const node = any()
    const epoch = (await node.users.setDisabled(user, true)) ?? assert.fail()
    await announceUser(user, epoch, node)
    raise(epoch)
    isDisabled = true
    tally.disabled++
  }
  const change = async (): Promise<void> => {
    const { record } = one()
    const asked = { record, newPassword: NEW_PASSWORD, password: PASSWORD, caller: CALLER }
    const outcome = await orRefused(changePassword(asked, any()))
    if (outcome?.kind !== 'changed') return
    isChanged = true
    raise(outcome.opened.record.epoch)
    opened.push(outcome.opened)
    tally.changed++
  }

  await Promise.all([login(), login()])
  const steps = [use, use, use, use, login, login, logout]
  const more = [others, change, change, endAll, logout, disable]
  const ends = more.filter(() => random(3) === 0)
  await Promise.all(shuffled([...steps, ...ends], random).map((step) => started(step, random)))
  for (const session of opened)
    for (const node of nodes) {
      const outcome = await sessionAuthenticator(node)(evidenceOf(session.token, node.now()))
      assert.ok(!isDead(session) || outcome.kind === 'refused', 'what had ended is alive')
    }
}

function evidenceOf(token: string, now: number): Evidence {
  return {
    certificate: ABSENT,
    authorization: `Bearer ${token}`,
    cookieHeader: undefined,
    fetchSite: undefined,
    address: '127.0.0.1',
    now,
    use: 'use',
  }
}

/** A node that is too busy, and a user whom others change at the same moment, are refusals. */
async function orRefused<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isSallyportError(error, 'TOO_BUSY')) return undefined
    throw error
  }
}

/** Starts a step a random while later, so that it also lands in the middle of the others. */
async function started(step: () => Promise<void>, random: Random): Promise<void> {
  for (let turns = random(12); turns > 0; turns--) await Promise.resolve()
  for (let turns = random(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
  await step()
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random(1 << 30) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** Numbers below a bound that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): Random {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
