import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { newConfirmationId } from '../../src/login/confirmation-id.ts'
import {
  openAnswer,
  openArgs,
  openRequest,
  sealAnswer,
  sealConfirmation,
  type ConfirmationAnswer,
  type ConfirmationRequest,
} from '../../src/login/confirmation-seal.ts'
import type { ConfirmationEntry, ConfirmationStore } from '../../src/login/confirmation-store.ts'
import type { Confirmations } from '../../src/mcp/confirmations.ts'
import {
  answerCall,
  callOf,
  confirmationsOf,
  pendingOf,
  provedBrowser,
  SECOND_FACTOR,
} from '../support/confirming.ts'
import { startDoor, type LoginDoor } from '../support/login-door.ts'

/** What whoever can write to the store can make of calls that wait. */

const ROOMY = { overall: 1e6, perHolder: 1e6, bytes: 1e9 }

let door: LoginDoor
let store: ConfirmationStore
let port: Confirmations
/** What went into the store, as somebody who reads it has it. */
const written = new Map<string, ConfirmationEntry>()
before(async () => {
  door = await startDoor('sqlite', ({ confirmations }) => ({
    confirmations: {
      ...confirmations,
      open: async (entry, quota, now) => {
        written.set(entry.id, entry)
        return confirmations.open(entry, quota, now)
      },
    },
  }))
  store = door.store.confirmations
  port = confirmationsOf(door)
})
after(() => door.close())

const now = (): number => door.options.now()
const readAnswer = async (id: string): Promise<string> => (await store.find(id, now()))?.answer ?? ''

/** A call that waits, of somebody new, and what the store has of it. */
async function waiting(resource = 'bank_pay') {
  const { name } = await door.addUser()
  const call = callOf(`user:${name}`, { resource })
  const pending = await pendingOf(port, call, SECOND_FACTOR)
  const entry = written.get(pending.id)
  assert.ok(entry)
  return { name, call, pending, entry, browser: await provedBrowser(door, name) }
}

/** Puts an entry into the place of what is there. */
async function replace(
  entry: ConfirmationEntry,
  answer?: string,
  expiresAt = entry.expiresAt,
): Promise<void> {
  const [there] = await store.ofCalls([entry.call], now())
  if (there !== undefined) assert.ok(await store.take([there], now()))
  assert.equal(await store.open({ ...entry, expiresAt }, ROOMY, now()), 'opened')
  if (answer !== undefined) assert.ok(await store.answer(entry.id, answer, expiresAt, now()))
}

const isLetThrough = async (call: Parameters<Confirmations['confirm']>[0]): Promise<boolean> =>
  (await port.confirm(call, [SECOND_FACTOR])).kind === 'confirmed'

test('an answer that was made up, that is of another call, or that was refused, lets nothing through', async () => {
  const other = await waiting()
  assert.equal(await answerCall(other.browser, other.pending), 200)
  const theirs = await readAnswer(other.pending.id)
  const refused = await waiting()
  assert.equal(await answerCall(refused.browser, refused.pending, 'refuse'), 200)
  const stranger = sessionKeys([randomBytes(48).toString('base64')])
  const answerOfRefusal = await readAnswer(refused.pending.id)
  const answers: readonly ((id: string) => string)[] = [
    () => 'given',
    () => '{"verdict":"given"}',
    () => 'a.b',
    () => theirs,
    () => answerOfRefusal,
    (id) => sealAnswer(id, answerOf(), stranger.confirmationSeal),
    (id) => sealAnswer(id, answerOf(), door.options.keys.device),
  ]
  for (const make of answers) {
    const mine = await waiting()
    const answer = make(mine.pending.id)
    await replace(mine.entry, answer)
    assert.equal(await isLetThrough(mine.call), false, answer.slice(0, 40))
    assert.equal(await store.find(mine.pending.id, now()), undefined, 'and it goes')
  }
  assert.equal(await isLetThrough(other.call), true)
})

test('a confirmation that was moved to another call, whole or in part, lets nothing through', async () => {
  const [given, mine] = [await waiting('notes_read'), await waiting('bank_pay')]
  assert.equal(await answerCall(given.browser, given.pending), 200)
  const answer = await readAnswer(given.pending.id)
  await store.take([{ id: given.pending.id, answer }], now())
  await replace({ ...given.entry, call: mine.entry.call }, answer)
  assert.equal(await isLetThrough(mine.call), false)
  await replace({ ...mine.entry, id: newConfirmationId(), request: given.entry.request }, answer)
  assert.equal(await isLetThrough(mine.call), false)
})

test('arguments that were swapped are shown to nobody, so that nobody confirms what he does not see', async () => {
  const [one, other] = [await waiting(), await waiting()]
  await replace({ ...one.entry, args: other.entry.args })
  assert.equal((await one.browser.get(`/confirm/${one.pending.id}`)).status, 404)
  await replace(one.entry)
  assert.equal((await one.browser.get(`/confirm/${one.pending.id}`)).status, 200)
})

test('what was used and is put back is not good a second time', async () => {
  const { call, entry, pending, browser } = await waiting()
  assert.equal(await answerCall(browser, pending), 200)
  const answer = await readAnswer(pending.id)
  assert.equal(await isLetThrough(call), true)
  await replace(entry, answer)
  assert.equal(await isLetThrough(call), false)
})

test('whatever the store says of its end, it ends when it was to end', async () => {
  const [asked, given] = [await waiting(), await waiting()]
  assert.equal(await answerCall(given.browser, given.pending), 200)
  const answer = await readAnswer(given.pending.id)
  const never = now() + 10 ** 10
  await replace(asked.entry, undefined, never)
  await replace(given.entry, answer, never)
  door.advance(5 * 60_000)
  assert.equal(await isLetThrough(given.call), false)
  const late = await provedBrowser(door, asked.name)
  assert.equal((await late.get(`/confirm/${asked.pending.id}`)).status, 404)
})

test('nothing of a call can be read where it is kept', async () => {
  const { name, entry } = await waiting()
  const texts = Object.values(entry).map(String)
  for (const secret of [name, 'bank_pay', 'mallory', 'fresh-factor'])
    assert.ok(!texts.some((text) => text.includes(secret) || decoded(text).includes(secret)), secret)
})

test('each part opens in its own place, under each of the keys, and no character of it can be another', () => {
  const [first, second] = [sessionKeys(['x'.repeat(32)]), sessionKeys(['y'.repeat(32), 'x'.repeat(32)])]
  const id = newConfirmationId()
  const whole = { request: requestOf(), args: '{"amount":7}' }
  const sealed = sealConfirmation(id, whole, first.confirmationSeal)
  const answer = sealAnswer(id, answerOf(), first.confirmationSeal)
  const keys = second.confirmationSeal
  assert.deepEqual(openRequest(id, sealed.request, keys), whole.request)
  assert.equal(openArgs(id, sealed.args, keys), whole.args)
  assert.deepEqual(openAnswer(id, answer, keys), answerOf())
  const elsewhere = newConfirmationId()
  assert.equal(openRequest(elsewhere, sealed.request, keys), undefined)
  assert.equal(openArgs(elsewhere, sealed.args, keys), undefined)
  assert.equal(openAnswer(elsewhere, answer, keys), undefined)
  assert.equal(openArgs(id, sealed.request, keys), undefined)
  assert.equal(openAnswer(id, sealed.request, keys), undefined)
  assert.equal(openRequest(id, sealed.request, sessionKeys(['z'.repeat(32)]).confirmationSeal), undefined)
  for (let at = 0; at < answer.length; at++) {
    const changed = answer.slice(0, at) + (answer[at] === 'A' ? 'B' : 'A') + answer.slice(at + 1)
    assert.equal(openAnswer(id, changed, keys), undefined)
  }
})

function decoded(text: string): string {
  return Buffer.from(text.split('.').at(-1) ?? '', 'base64url').toString('latin1')
}

function requestOf(): ConfirmationRequest {
  return {
    call: 'digest',
    need: SECOND_FACTOR,
    principal: 'user:alice',
    methods: ['session'],
    credential: 'sha256:00',
    address: null,
    via: null,
    action: 'tools/call',
    resource: 'bank_pay',
    recorded: { digest: 'hmac-sha256:00', values: { amount: 7 } },
    askedAt: 1,
    expiresAt: 2,
  }
}

function answerOf(): ConfirmationAnswer {
  return {
    verdict: 'given',
    by: 'alice',
    epoch: 0,
    authenticatedAt: 1,
    mfaAt: 1,
    address: '::1',
    at: 1,
    until: 10 ** 15,
  }
}
