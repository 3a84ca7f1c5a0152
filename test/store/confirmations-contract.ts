import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { ConfirmationEntry } from '../../src/login/confirmation-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { OpenStore } from './store-under-test.ts'

const NOW = 1_763_712_000_000
const LIFE = 300_000
const ROOMY = { overall: 100_000, perHolder: 100_000, bytes: 100_000_000 }

const some = (): string => randomBytes(16).toString('base64url')

function newEntry(fields: Partial<ConfirmationEntry> = {}): ConfirmationEntry {
  return {
    id: some(),
    call: some(),
    holder: some(),
    role: null,
    request: 'sealed.request',
    args: 'sealed.args',
    expiresAt: NOW + LIFE,
    ...fields,
  }
}

export function confirmationsContract(open: OpenStore): void {
  describe('confirmations', () => {
    let store: Store
    let other: Store
    before(async () => {
      store = await open()
      other = await open()
    })
    after(() => Promise.all([store.close(), other.close()]))

    const opened = async (fields: Partial<ConfirmationEntry> = {}): Promise<ConfirmationEntry> => {
      const entry = newEntry(fields)
      assert.equal(await store.confirmations.open(entry, ROOMY, NOW), 'opened')
      return entry
    }
    const answered = async (fields: Partial<ConfirmationEntry> = {}): Promise<ConfirmationEntry> => {
      const entry = await opened(fields)
      assert.equal(await store.confirmations.answer(entry.id, 'yes', NOW + LIFE, NOW), true)
      return entry
    }
    const taken = (entries: readonly { id: string }[], answer = 'yes', now = NOW): Promise<boolean> =>
      other.confirmations.take(
        entries.map(({ id }) => ({ id, answer })),
        now,
      )

    test('one is found by its id and by its call, on every connection', async () => {
      const { id, call, request, args } = await opened()
      const kept = { id, request, answer: '' }
      assert.deepEqual(await other.confirmations.find(id, NOW), kept)
      assert.deepEqual(await other.confirmations.ofCalls([some(), call], NOW), [kept])
      assert.equal(await other.confirmations.argsOf(id, NOW), args)
      assert.equal(await other.confirmations.find(some(), NOW), undefined)
      assert.equal(await other.confirmations.argsOf(some(), NOW), undefined)
      assert.deepEqual(await other.confirmations.ofCalls([some()], NOW), [])
    })

    test('the same call is there once, as is the same id, until it ends', async () => {
      const { id, call, request } = await opened()
      for (const fields of [{ call }, { id }])
        assert.equal(
          await other.confirmations.open(newEntry({ ...fields, request: 'another' }), ROOMY, NOW),
          'there',
        )
      assert.equal((await store.confirmations.find(id, NOW))?.request, request)
      const later = newEntry({ call, expiresAt: NOW + 2 * LIFE })
      assert.equal(await other.confirmations.open(later, ROOMY, NOW + LIFE), 'opened')
      const [kept] = await store.confirmations.ofCalls([call], NOW + LIFE)
      assert.equal(kept?.id, later.id)
    })

    test('of 20 of one call at the same time one is opened', async () => {
      const call = some()
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 ? store : other).confirmations.open(newEntry({ call }), ROOMY, NOW),
        ),
      )
      assert.equal(outcomes.filter((outcome) => outcome === 'opened').length, 1)
    })

    test('of 100 answers at the same time one counts, and it stays', async () => {
      const { id } = await opened()
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          (at % 2 ? store : other).confirmations.answer(id, `answer ${at}`, NOW + LIFE, NOW),
        ),
      )
      assert.equal(answers.filter(Boolean).length, 1)
      assert.equal((await store.confirmations.find(id, NOW))?.answer, `answer ${answers.indexOf(true)}`)
      assert.equal(await store.confirmations.answer(some(), 'yes', NOW + LIFE, NOW), false)
    })

    test('of 100 that take it at the same time one has it', async () => {
      const { id, call } = await answered()
      const taking = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          (at % 2 ? store : other).confirmations.take([{ id, answer: 'yes' }], NOW),
        ),
      )
      assert.equal(taking.filter(Boolean).length, 1)
      assert.equal(await store.confirmations.find(id, NOW), undefined)
      assert.deepEqual(await store.confirmations.ofCalls([call], NOW), [])
    })

    test('several are taken together or not at all', async () => {
      const [one, two, waiting] = [await answered(), await answered(), await opened()]
      assert.equal(await taken([one, waiting]), false)
      assert.equal(await taken([one, { id: some() }]), false)
      assert.notEqual(await store.confirmations.find(one.id, NOW), undefined)
      assert.equal(await taken([one, two]), true)
      for (const { id } of [one, two]) assert.equal(await store.confirmations.find(id, NOW), undefined)
      assert.notEqual(await store.confirmations.find(waiting.id, NOW), undefined)
    })

    test('of 50 that take the same two, in either order, one has them', async () => {
      const [one, two] = [await answered(), await answered()]
      const taking = await Promise.all(
        Array.from({ length: 50 }, (_, at) => taken(at % 2 ? [one, two] : [two, one])),
      )
      assert.equal(taking.filter(Boolean).length, 1)
    })

    test('it is taken with the answer that it has, and with no other: unanswered with none', async () => {
      const [given, waiting] = [await answered(), await opened()]
      assert.equal(await taken([given], 'no'), false)
      assert.equal(await taken([given], ''), false)
      assert.equal(await taken([waiting], 'yes'), false)
      assert.equal(await taken([waiting], ''), true)
      assert.equal(await store.confirmations.answer(waiting.id, 'yes', NOW + LIFE, NOW), false)
    })

    test('past its end it is not known, answered or not', async () => {
      const [asked, given] = [await opened({ role: some() }), await answered()]
      const end = NOW + LIFE
      assert.notEqual(await store.confirmations.find(asked.id, end - 1), undefined)
      assert.equal(await store.confirmations.find(asked.id, end), undefined)
      assert.equal(await store.confirmations.argsOf(asked.id, end), undefined)
      assert.deepEqual(await store.confirmations.ofCalls([asked.call, given.call], end), [])
      assert.equal(await store.confirmations.answer(asked.id, 'late', end + LIFE, end), false)
      assert.equal(await taken([given], 'yes', end), false)
      assert.deepEqual(await store.confirmations.waitingFor(asked.role ?? '', 10, end), [])
      assert.equal((await store.confirmations.roles(end)).includes(asked.role ?? ''), false)
    })

    test('an answer gives it another end, sooner or later', async () => {
      const [sooner, later] = [await opened(), await opened()]
      await store.confirmations.answer(sooner.id, 'yes', NOW + 10, NOW)
      await store.confirmations.answer(later.id, 'yes', NOW + 2 * LIFE, NOW)
      assert.equal(await store.confirmations.find(sooner.id, NOW + 10), undefined)
      assert.notEqual(await store.confirmations.find(later.id, NOW + 2 * LIFE - 1), undefined)
    })

    test('those that wait for a role are listed, the first to end first, until they are answered or taken', async () => {
      const role = some()
      const [last, first, given, gone] = [
        await opened({ role }),
        await opened({ role, expiresAt: NOW + 1000 }),
        await answered({ role }),
        await opened({ role }),
      ]
      await opened({ role: some() })
      assert.equal(await taken([gone], ''), true)
      const listed = await other.confirmations.waitingFor(role, 10, NOW)
      assert.deepEqual(
        listed.map(({ id }) => id),
        [first.id, last.id],
      )
      assert.equal((await other.confirmations.waitingFor(role, 1, NOW)).length, 1)
      assert.ok((await other.confirmations.roles(NOW)).includes(role))
      assert.equal(await taken([given]), true)
    })

    test('a holder has his share, and gets it back as they are taken or end', async () => {
      const holder = some()
      const quota = { ...ROOMY, perHolder: 2 }
      const openOne = async (now = NOW) =>
        store.confirmations.open(newEntry({ holder, expiresAt: now + LIFE }), quota, now)
      const given = await answered({ holder })
      assert.equal(await openOne(), 'opened')
      assert.equal(await openOne(), 'full')
      assert.equal(await store.confirmations.open(newEntry(), quota, NOW), 'opened')
      assert.equal(await taken([given]), true)
      assert.equal(await openOne(), 'opened')
      assert.equal(await openOne(), 'full')
      assert.equal(await openOne(NOW + LIFE), 'opened')
    })

    test('of 20 at the same time as many are opened as the share of their holder allows', async () => {
      const holder = some()
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 ? store : other).confirmations.open(newEntry({ holder }), { ...ROOMY, perHolder: 7 }, NOW),
        ),
      )
      assert.equal(outcomes.filter((outcome) => outcome === 'opened').length, 7)
    })

    test('all of them together have a most, in number and in bytes, which they give back', async () => {
      // Long after all others have ended.
      const now = NOW + 1000 * LIFE
      const openOne = async (quota: object, fields: Partial<ConfirmationEntry> = {}, at = now) => {
        const entry = newEntry({ expiresAt: at + LIFE, args: 'x'.repeat(986), ...fields })
        return [entry, await store.confirmations.open(entry, { ...ROOMY, ...quota }, at)] as const
      }
      const [first] = await openOne({ bytes: 1000 })
      assert.equal((await openOne({ bytes: 1999 }))[1], 'full')
      assert.equal((await openOne({ overall: 1 }))[1], 'full')
      const [second, outcome] = await openOne({ bytes: 2000 }, { role: some() })
      assert.equal(outcome, 'opened')
      assert.equal(await taken([first], '', now), true)
      assert.equal((await openOne({ bytes: 2000 }))[1], 'opened')
      assert.equal((await openOne({ bytes: 2000 }))[1], 'full')
      assert.equal(await store.confirmations.answer(second.id, 'yes', now + 2 * LIFE, now), true)
      assert.equal((await openOne({ bytes: 2000 }, {}, now + LIFE))[1], 'opened')
      assert.equal((await openOne({ bytes: 2000 }, {}, now + LIFE))[1], 'full')
      assert.equal((await openOne({ bytes: 1000 }, {}, now + 3 * LIFE))[1], 'opened')
    })
  })
}
