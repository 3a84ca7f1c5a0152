import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Need } from '../../src/access/decision.ts'
import type { ConfirmationChanged } from '../../src/audit/event.ts'
import { NO_LIVE_LIST } from '../../src/auth/revocation.ts'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { isSallyportError } from '../../src/errors.ts'
import type { ConfirmationsOptions } from '../../src/login/confirmations.ts'
import type { ConfirmableCall, Confirmations } from '../../src/mcp/confirmations.ts'
import {
  answerCall,
  APPROVAL,
  callOf,
  confirmationsOf,
  ORIGIN,
  pendingOf,
  provedBrowser,
  SECOND_FACTOR,
  treasurer,
} from '../support/confirming.ts'
import { ENGINES, startDoor, type LoginDoor } from '../support/login-door.ts'

const MINUTE = 60_000
const signal = new AbortController().signal

for (const engine of ENGINES)
  describe(`calls that wait, on ${engine}`, () => {
    let door: LoginDoor
    let port: Confirmations
    before(async () => {
      door = await startDoor(engine)
      port = confirmationsOf(door)
    })
    after(() => door.close())

    const somebody = async (name?: string) => (await door.addUser(name === undefined ? {} : { name })).name
    /** A call of somebody new, whose second factor was given on its page. */
    const given = async (need: Need = SECOND_FACTOR) => {
      const name = await somebody()
      const call = callOf(`user:${name}`)
      const pending = await pendingOf(port, call, need)
      const browser = await provedBrowser(door, name)
      assert.equal(await answerCall(browser, pending), 200)
      return { name, call, pending, browser }
    }
    const approved = async (call: ConfirmableCall, need: Need = APPROVAL) => {
      const pending = await pendingOf(port, call, need)
      const name = await somebody(treasurer())
      assert.equal(await answerCall(await provedBrowser(door, name), pending), 200)
      return { pending, name }
    }

    test('one is asked about once, and the same call finds it until it is given; then it is good for one call', async () => {
      const { name, call, pending } = await given()
      assert.match(pending.id, /^[\w-]{22}$/)
      assert.equal(pending.url, `${ORIGIN}/confirm/${pending.id}`)
      assert.deepEqual(pending.need, SECOND_FACTOR)
      const left = pending.expiresAt - door.options.now()
      assert.ok(left > 4.9 * MINUTE && left <= 5 * MINUTE)
      assert.deepEqual(await port.confirm(call, [SECOND_FACTOR]), {
        kind: 'confirmed',
        by: [`user:${name}`],
      })
      const again = await pendingOf(port, call, SECOND_FACTOR)
      assert.notEqual(again.id, pending.id)
      assert.equal((await pendingOf(port, call, SECOND_FACTOR)).id, again.id)
    })

    test('an approval by somebody else lets the call through, and says who it was', async () => {
      const call = callOf('service:billing')
      const { pending, name } = await approved(call)
      const left = pending.expiresAt - door.options.now()
      assert.ok(left > 59 * MINUTE && left <= 60 * MINUTE)
      assert.deepEqual(await port.confirm(call, [APPROVAL]), { kind: 'confirmed', by: [`user:${name}`] })
    })

    test('what was given lets no other call through: each part of it is bound', async () => {
      const { name, call } = await given()
      const args = { to: 'mallory', amount: 7 }
      const self = `user:${name}`
      const within: Need = { kind: 'second_factor', rule: 'fresh-factor', within: 300_001 }
      const others: readonly (readonly [string, ConfirmableCall, Need?])[] = [
        ['person', callOf(`user:${await somebody()}`)],
        ['kind of principal', callOf(`agent:${name}`)],
        ['credential', callOf(self, {}, { credential: `sha256:${'cd'.repeat(32)}` })],
        ['session beside a certificate', callOf(self, {}, { session: `sha256:${'cd'.repeat(32)}` })],
        ['proxy', callOf(self, {}, { via: 'service:edge' })],
        ['tool', callOf(self, { resource: 'bank_refund' })],
        ['method', callOf(self, { action: 'prompts/get' })],
        ['argument', callOf(self, { args: { ...args, amount: 8 } })],
        ['argument of another type', callOf(self, { args: { ...args, amount: '7' } })],
        ['argument more', callOf(self, { args: { ...args, note: null } })],
        ['argument less', callOf(self, { args: { to: 'mallory' } })],
        ['rule', call, { ...SECOND_FACTOR, rule: 'another-rule' }],
        ['time within', call, within],
        ['kind of need', call, { ...APPROVAL, rule: SECOND_FACTOR.rule }],
      ]
      for (const [what, other, need = SECOND_FACTOR] of others)
        assert.notEqual((await port.confirm(other, [need])).kind, 'confirmed', what)
      const samePlace = callOf(self, { args: { amount: 7, to: 'mallory' }, requestId: 'another' })
      assert.equal((await port.confirm(samePlace, [SECOND_FACTOR])).kind, 'confirmed')
    })

    test('who may approve, and whom he must not be, is bound as well', async () => {
      const call = callOf('service:billing', { resource: randomBytes(4).toString('hex') })
      await approved(call)
      const others: readonly Need[] = [
        { ...APPROVAL, by: { role: 'auditor' } },
        { ...APPROVAL, owner: 'user:alice' },
      ]
      for (const other of others) assert.equal((await port.confirm(call, [other])).kind, 'pending')
      assert.equal((await port.confirm(call, [APPROVAL])).kind, 'confirmed')
    })

    test('of 100 calls at the same time one goes on', async () => {
      const { call } = await given()
      const outcomes = await Promise.all(
        Array.from({ length: 100 }, () => port.confirm(call, [SECOND_FACTOR])),
      )
      const kinds = Map.groupBy(outcomes, ({ kind }) => kind)
      assert.equal(kinds.get('confirmed')?.length, 1)
      const asked = (kinds.get('pending') ?? []).map((one) => (one.kind === 'pending' ? one.pending.id : ''))
      assert.equal(asked.length, 99)
      assert.equal(new Set(asked).size, 1, 'the others wait for one and the same')
    })

    test('of several needs none is used up before all are there, and the first that is missing is asked for', async () => {
      const { name, call } = await given()
      const both = [SECOND_FACTOR, APPROVAL] as const
      assert.deepEqual((await pendingOf(port, call, ...both)).need, APPROVAL)
      const approval = await approved(call)
      const confirmed = await port.confirm(call, both)
      assert.deepEqual(confirmed, { kind: 'confirmed', by: [`user:${name}`, `user:${approval.name}`] })
      assert.deepEqual((await pendingOf(port, call, ...both)).need, SECOND_FACTOR)
    })

    test('what nobody answered ends by itself, as does what was given and not used', async () => {
      const { call, pending } = await given()
      const waiting = callOf(`user:${await somebody()}`)
      const approval = callOf('service:billing', { resource: randomBytes(4).toString('hex') })
      const unanswered = await pendingOf(port, waiting, SECOND_FACTOR)
      await approved(approval)
      door.advance(5 * MINUTE)
      assert.notEqual((await pendingOf(port, waiting, SECOND_FACTOR)).id, unanswered.id)
      assert.notEqual((await pendingOf(port, call, SECOND_FACTOR)).id, pending.id)
      assert.equal((await port.confirm(approval, [APPROVAL])).kind, 'pending')
    })

    test('a second factor counts no longer than its rule says, also while the call is on its way', async () => {
      const short: Need = { kind: 'second_factor', rule: 'short', within: 30_000 }
      const { call } = await given(short)
      door.advance(30_000)
      assert.equal((await port.confirm(call, [short])).kind, 'pending')
    })

    test('what was refused stays so until it would have ended, and then is asked about anew', async () => {
      const name = await somebody()
      const call = callOf(`user:${name}`)
      const pending = await pendingOf(port, call, SECOND_FACTOR)
      assert.equal(await answerCall(await provedBrowser(door, name), pending, 'refuse'), 200)
      const refused = { kind: 'refused', rule: 'fresh-factor' }
      for (let times = 0; times < 2; times++)
        assert.deepEqual(await port.confirm(call, [SECOND_FACTOR]), refused)
      assert.deepEqual(await port.confirm(call, [APPROVAL, SECOND_FACTOR]), refused)
      door.advance(5 * MINUTE)
      assert.equal((await port.confirm(call, [SECOND_FACTOR])).kind, 'pending')
    })

    test('ten calls of one principal wait at most, and nobody else is held up', async () => {
      const self = `user:${await somebody()}`
      const call = (at: number): ConfirmableCall => callOf(self, { args: { at } })
      for (let at = 0; at < 10; at++) await pendingOf(port, call(at), SECOND_FACTOR)
      assert.deepEqual(await port.confirm(call(10), [SECOND_FACTOR]), { kind: 'too_many' })
      assert.equal((await port.confirm(call(3), [SECOND_FACTOR])).kind, 'pending')
      assert.equal((await port.confirm(callOf('service:billing'), [APPROVAL])).kind, 'pending')
      await port.withdraw(await pendingOf(port, call(3), SECOND_FACTOR), 'request-2')
      assert.equal((await port.confirm(call(10), [SECOND_FACTOR])).kind, 'pending')
    })

    test('what no browser could answer is not asked about', async () => {
      const self = `user:${await somebody()}`
      const certificate: Need = { kind: 'certificate', rule: 'by-certificate', uri: null, issuer: null }
      const large = callOf(self, { args: { text: 'x'.repeat(64 * 1024) } })
      const events = door.events.length
      for (const [call, needs, rule] of [
        [callOf(self), [certificate], 'by-certificate'],
        [callOf(self), [SECOND_FACTOR, certificate], 'by-certificate'],
        [callOf('service:billing'), [SECOND_FACTOR], 'fresh-factor'],
        [callOf('agent:helper'), [SECOND_FACTOR], 'fresh-factor'],
        [large, [SECOND_FACTOR], 'fresh-factor'],
      ] as const)
        assert.deepEqual(await port.confirm(call, needs), { kind: 'impossible', rule })
      const without = confirmationsOf(door, { origin: () => undefined })
      assert.equal((await without.confirm(callOf(self), [SECOND_FACTOR])).kind, 'impossible')
      assert.equal(door.events.length, events)
      const most = callOf(self, { args: { text: 'x'.repeat(64 * 1024 - 11) } })
      assert.equal((await port.confirm(most, [SECOND_FACTOR])).kind, 'pending')
    })

    test('what is withdrawn is gone; what was answered is not', async () => {
      const call = callOf(`user:${await somebody()}`)
      const pending = await pendingOf(port, call, SECOND_FACTOR)
      await port.withdraw(pending, 'request-2')
      await port.withdraw(pending, 'request-3')
      assert.notEqual((await pendingOf(port, call, SECOND_FACTOR)).id, pending.id)
      const answered = await given()
      await port.withdraw(answered.pending, 'request-4')
      assert.equal((await port.confirm(answered.call, [SECOND_FACTOR])).kind, 'confirmed')
    })

    test('who waits hears of an answer, of an end and of nothing else', async () => {
      const name = await somebody()
      const pending = await pendingOf(port, callOf(`user:${name}`), SECOND_FACTOR)
      assert.equal(await port.settled(pending, 1, signal), false)
      const leaving = new AbortController()
      const left = port.settled(pending, 60_000, leaving.signal)
      leaving.abort()
      assert.equal(await left, false)
      const waiting = port.settled(pending, 60_000, signal)
      assert.equal(await answerCall(await provedBrowser(door, name), pending), 200)
      assert.equal(await waiting, true)
      const gone = await pendingOf(port, callOf(`user:${name}`, { resource: 'other' }), SECOND_FACTOR)
      await port.withdraw(gone, 'request-2')
      assert.equal(await port.settled(gone, 60_000, signal), true)
    })

    test('who gave it must be able to give it still: not disabled, logged out of everything, or without the right', async () => {
      const changes: readonly ((name: string) => Partial<ConfirmationsOptions>)[] = [
        () => ({ mayApprove: () => false }),
        (name) => ({ revocations: { ...NO_LIVE_LIST, isDisabled: (user) => user === name } }),
        (name) => ({ revocations: { ...NO_LIVE_LIST, leastEpochOf: (user) => Number(user === name) } }),
      ]
      for (const change of changes) {
        const call = callOf('service:billing', { resource: randomBytes(4).toString('hex') })
        const { name } = await approved(call)
        const changed = confirmationsOf(door, change(name))
        assert.equal((await changed.confirm(call, [APPROVAL])).kind, 'pending')
        assert.equal((await port.confirm(call, [APPROVAL])).kind, 'pending', 'nor does it come back')
        await port.withdraw(await pendingOf(port, call, APPROVAL), 'request-2')
      }
    })

    test('the trail has who asked, who answered and that it was used; what is not on record did not happen', async () => {
      const events = (): ConfirmationChanged[] =>
        door.events.filter((event): event is ConfirmationChanged => event.event.startsWith('confirmation.'))
      const { name, call, pending } = await given()
      await port.confirm(call, [SECOND_FACTOR])
      const self = `user:${name}`
      const own = events().filter(({ confirmation }) => confirmation === pending.id)
      assert.deepEqual(
        own.map(({ event, principal, by }) => [event, principal, by]),
        [
          ['confirmation.asked', self, null],
          ['confirmation.given', self, self],
          ['confirmation.used', self, self],
        ],
      )
      assert.deepEqual(
        own.map(({ action, resource, rule }) => [action, resource, rule]),
        own.map(() => ['tools/call', 'bank_pay', 'fresh-factor']),
      )
      assert.equal(own[0]?.requestId, 'request-of-the-call')

      const isUnrecorded = (error: unknown): boolean => isSallyportError(error, 'AUDIT_UNAVAILABLE')
      const other = await given()
      const waiting = await pendingOf(
        port,
        callOf(`user:${other.name}`, { resource: 'another' }),
        SECOND_FACTOR,
      )
      const browser = await provedBrowser(door, other.name)
      door.failAudit(true)
      await assert.rejects(port.confirm(callOf(self, { resource: 'next' }), [SECOND_FACTOR]), isUnrecorded)
      await assert.rejects(port.confirm(other.call, [SECOND_FACTOR]), isUnrecorded)
      assert.equal(await answerCall(browser, waiting), 503)
      door.failAudit(false)
      assert.equal(await door.store.confirmations.find(waiting.id, door.options.now()), undefined)
      assert.equal((await port.confirm(other.call, [SECOND_FACTOR])).kind, 'pending')
      const { id } = await pendingOf(port, callOf(self, { resource: 'next' }), SECOND_FACTOR)
      assert.ok(events().some(({ confirmation }) => confirmation === id))
    })

    test('a session secret is changed without losing what waits', async () => {
      const [former, next] = [randomBytes(48).toString('base64'), randomBytes(48).toString('base64')]
      const call = callOf('service:billing', { resource: randomBytes(4).toString('hex') })
      const of = (...secrets: string[]): Confirmations =>
        confirmationsOf(door, { keys: sessionKeys(secrets) })
      const { id } = await pendingOf(of(former), call, APPROVAL)
      assert.equal((await pendingOf(of(next, former), call, APPROVAL)).id, id)
      assert.notEqual((await pendingOf(of(next), call, APPROVAL)).id, id)
    })
  })
