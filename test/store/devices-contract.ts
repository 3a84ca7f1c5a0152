import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { DeviceEntry, DevicePace } from '../../src/login/device-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { OpenStore } from './store-under-test.ts'

const NOW = 1_763_712_000_000
const LIFE = 600_000
const ROOMY = { overall: 100_000, perNetwork: 100_000 }
const PACE: DevicePace = { interval: 5_000, step: 5_000, most: 14_000, tolerance: 1_000 }

const some = (): string => randomBytes(32).toString('hex')

function newEntry(fields: Partial<DeviceEntry> = {}): DeviceEntry {
  return {
    device: some(),
    code: some(),
    network: some(),
    request: 'sealed.request',
    expiresAt: NOW + LIFE,
    ...fields,
  }
}

export function devicesContract(open: OpenStore): void {
  describe('logins that devices ask for', () => {
    let store: Store
    let other: Store
    before(async () => {
      store = await open()
      other = await open()
    })
    after(() => Promise.all([store.close(), other.close()]))

    const opened = async (fields: Partial<DeviceEntry> = {}): Promise<DeviceEntry> => {
      const entry = newEntry(fields)
      assert.equal(await store.devices.open(entry, ROOMY, NOW), 'opened')
      return entry
    }

    test('one waits under its user code, on every connection, until it is answered', async () => {
      const { device, code, request } = await opened()
      assert.deepEqual(await other.devices.waiting(code, NOW), { device, request })
      assert.equal(await other.devices.waiting(some(), NOW), undefined)
      assert.equal(await other.devices.answer(code, 'yes', NOW), true)
      assert.equal(await store.devices.waiting(code, NOW), undefined)
    })

    test('it is answered once, and what was answered stays', async () => {
      const { device, code } = await opened()
      assert.equal(await store.devices.answer(code, 'first', NOW), true)
      assert.equal(await other.devices.answer(code, 'second', NOW), false)
      assert.equal(await store.devices.answer(some(), 'third', NOW), false)
      const polled = await store.devices.poll(device, PACE, NOW)
      assert.deepEqual(polled, { kind: 'answered', request: 'sealed.request', answer: 'first' })
    })

    test('of 100 polls at the same time one gets the answer', async () => {
      const { device, code } = await opened()
      await store.devices.answer(code, 'yes', NOW)
      const polls = await Promise.all(
        Array.from({ length: 100 }, (_, at) => (at % 2 ? store : other).devices.poll(device, PACE, NOW)),
      )
      assert.equal(polls.filter(({ kind }) => kind === 'answered').length, 1)
      assert.equal(polls.filter(({ kind }) => kind === 'unknown').length, 99)
    })

    test('of 100 answers at the same time one counts', async () => {
      const { code } = await opened()
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          (at % 2 ? store : other).devices.answer(code, `answer ${at}`, NOW),
        ),
      )
      assert.equal(answers.filter(Boolean).length, 1)
    })

    test('past its end it is not known, answered or not', async () => {
      const [asked, answered] = [await opened(), await opened()]
      await store.devices.answer(answered.code, 'yes', NOW)
      const end = NOW + LIFE
      assert.notEqual(await store.devices.waiting(asked.code, end - 1), undefined)
      assert.equal(await store.devices.waiting(asked.code, end), undefined)
      assert.equal(await store.devices.answer(asked.code, 'late', end), false)
      assert.deepEqual(await store.devices.poll(asked.device, PACE, end), { kind: 'unknown' })
      assert.deepEqual(await store.devices.poll(answered.device, PACE, end), { kind: 'unknown' })
    })

    test('who polls before his time is told so, and has to wait for longer each time, up to the most', async () => {
      const { device } = await opened()
      const polled = async (at: number) => (await store.devices.poll(device, PACE, at)).kind
      assert.equal(await polled(NOW), 'waiting')
      assert.equal(await polled(NOW + 4_000), 'waiting')
      assert.equal(await polled(NOW + 7_999), 'too_fast')
      assert.equal(await polled(NOW + 16_998), 'too_fast')
      assert.equal(await polled(NOW + 29_998), 'waiting')
      assert.equal(await polled(NOW + 42_998), 'waiting')
      assert.equal(await polled(NOW + 55_997), 'too_fast')
    })

    test('an answer is told to who polls before his time, too', async () => {
      const { device, code } = await opened()
      await store.devices.poll(device, PACE, NOW)
      await store.devices.answer(code, 'yes', NOW)
      assert.equal((await store.devices.poll(device, PACE, NOW + 1)).kind, 'answered')
    })

    test('a code that is taken changes nothing', async () => {
      const { device, code, network } = await opened()
      for (const fields of [{ device }, { code }])
        assert.equal(await other.devices.open(newEntry({ ...fields, network }), ROOMY, NOW), 'taken')
      assert.equal((await store.devices.waiting(code, NOW))?.device, device)
    })

    test('a network has its share, and gets it back as they are fetched or end', async () => {
      const network = some()
      const quota = { ...ROOMY, perNetwork: 2 }
      const openOne = async () => store.devices.open(newEntry({ network }), quota, NOW)
      const { device, code } = await opened({ network })
      assert.equal(await openOne(), 'opened')
      assert.equal(await openOne(), 'full')
      assert.equal(await store.devices.open(newEntry(), quota, NOW), 'opened')
      await store.devices.answer(code, 'no', NOW)
      assert.equal(await openOne(), 'full')
      await store.devices.poll(device, PACE, NOW)
      assert.equal(await openOne(), 'opened')
      assert.equal(await openOne(), 'full')
      const late = newEntry({ network, expiresAt: NOW + 2 * LIFE })
      assert.equal(await store.devices.open(late, quota, NOW + LIFE), 'opened')
    })

    test('of 20 at the same time as many are opened as the share of their network allows', async () => {
      const network = some()
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 ? store : other).devices.open(newEntry({ network }), { ...ROOMY, perNetwork: 7 }, NOW),
        ),
      )
      assert.equal(outcomes.filter((outcome) => outcome === 'opened').length, 7)
      assert.equal(outcomes.filter((outcome) => outcome === 'full').length, 13)
    })

    test('all of them together have a most', async () => {
      await opened()
      assert.equal(await store.devices.open(newEntry(), { ...ROOMY, overall: 1 }, NOW), 'full')
    })
  })
}
