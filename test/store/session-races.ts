import assert from 'node:assert/strict'
import type { Store } from '../../src/store/store.ts'
import { newSession, newUser } from '../support/session-records.ts'

type Step = () => Promise<void>

/**
 * Races, on two connections, everything that can happen to a session, in a new random order each time.
 *
 * - whoever asks after `end` or `endAll` has resolved gets nothing;
 * - of the end of a session and its replacement exactly one wins: a logout is never undone by a rotation.
 */
export async function raceSessions(one: Store, two: Store, now: number, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += BATCH)
    await Promise.all(Array.from({ length: BATCH }, () => race(one, two, now)))
}

const BATCH = 20

async function race(one: Store, two: Store, now: number): Promise<void> {
  const any = (): Store => (Math.random() < 0.5 ? one : two)
  const user = newUser()
  await one.users.create(user)
  const [old, next] = [newSession(user, now), newSession(user, now)]
  await one.sessions.open(old.record, now + 1_000, undefined, now, 20)
  const withEndAll = Math.random() < 0.3
  let ended = false
  let replaced = false

  const dead = async (session: typeof old): Promise<void> =>
    assert.equal(await any().sessions.validate(session.digest, session.slot, now), undefined)
  const use: Step = async () => void (await any().sessions.validate(old.digest, old.slot, now))
  const replace: Step = async () => {
    replaced = (await any().sessions.open(next.record, now + 1_000, old.digest, now, 20)) !== undefined
    if (replaced) await dead(old)
  }
  const end: Step = async () => {
    ended = await any().sessions.end(old.digest, old.slot)
    await dead(old)
    if (ended) await dead(next)
  }
  const endAll: Step = async () => {
    await any().sessions.endAll(user.name)
    await Promise.all([dead(old), dead(next)])
  }

  const steps = [use, use, use, replace, end, ...(withEndAll ? [endAll] : [])]
  await Promise.all(shuffled(steps).map(started))
  await dead(old)
  assert.ok(!(ended && replaced), 'a session was both ended and replaced')
  if (!withEndAll) assert.ok(ended || replaced, 'a session was neither ended nor replaced')
  const live = await any().sessions.validate(next.digest, next.slot, now)
  assert.equal(live !== undefined, replaced && !withEndAll)
}

/** Starts a step a random number of microtasks later, so that it also lands in the middle of the others. */
async function started(step: Step): Promise<void> {
  for (let turns = Math.floor(Math.random() * 8); turns > 0; turns--) await Promise.resolve()
  if (Math.random() < 0.3) await new Promise((resolve) => setImmediate(resolve))
  await step()
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
