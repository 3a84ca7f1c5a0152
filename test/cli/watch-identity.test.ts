import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Identity } from '../../src/cli/client-identity.ts'
import { watchIdentity } from '../../src/cli/watch-identity.ts'
import { isSallyportError, SallyportError } from '../../src/errors.ts'

/** A watch over a certificate of one minute, by a clock that only waiting moves. */
interface Watched {
  time: number
  identity: Identity
  readonly said: string[]
  readonly renewals: number[]
  readonly commands: number[]
  /** The next renewals fail with these; `undefined` is one that succeeds. */
  failures: (Error | undefined)[]
  /** Runs until `end`, or until the watch ends by itself. */
  run(end: number): Promise<void>
}

const LIFE = 60_000

function identityAt(notBefore: number): Identity {
  const notAfter = notBefore + LIFE
  return { directory: '/x', name: 'x', certificate: `${notBefore}`, key: '', root: '', notBefore, notAfter }
}

function watched(): Watched {
  const watch: Watched = {
    time: 0,
    identity: identityAt(0),
    said: [],
    renewals: [],
    commands: [],
    failures: [],
    async run(end) {
      const controller = new AbortController()
      await watchIdentity({
        find: async () => {
          if (watch.time >= watch.identity.notAfter) throw new SallyportError('REFUSED', 'it has expired')
          return watch.identity
        },
        renew: async () => {
          watch.renewals.push(watch.time)
          const failure = watch.failures.shift()
          if (failure !== undefined) throw failure
          watch.identity = identityAt(watch.time)
          return watch.identity
        },
        renewed: async () => void watch.commands.push(watch.time),
        say: (line) => watch.said.push(line),
        now: () => watch.time,
        wait: async (ms) => {
          assert.ok(ms > 0)
          watch.time += ms
          if (watch.time >= end) controller.abort()
        },
        random: () => 0,
        signal: controller.signal,
      })
    },
  }
  return watch
}

test('a certificate is renewed at two thirds of its life, again and again, and something is run each time', async () => {
  const watch = watched()
  await watch.run(200_000)
  assert.deepEqual(watch.renewals, [40_000, 80_000, 120_000, 160_000])
  assert.deepEqual(watch.commands, watch.renewals)
  assert.match(watch.said[0] ?? '', /^will be renewed at 1970-01-01T00:00:40/)
  assert.match(watch.said[1] ?? '', /^renewed until 1970-01-01T00:01:40/)
})

test('what fails is tried again with longer and longer pauses, each attempt is said, and then all is well', async () => {
  const watch = watched()
  const failure = new SallyportError('UNREACHABLE', 'nobody listens there')
  watch.failures = [failure, failure, failure]
  await watch.run(70_000)
  assert.deepEqual(watch.renewals, [40_000, 41_000, 42_900, 44_610])
  assert.deepEqual(watch.commands, [44_610])
  assert.equal(
    watch.said.filter((line) => /was not renewed: nobody listens there; trying again/.test(line)).length,
    3,
  )
})

test('what is refused for good ends it at once', async () => {
  const watch = watched()
  watch.failures = [new SallyportError('REFUSED', 'it is revoked')]
  await assert.rejects(
    watch.run(1e9),
    (error) => isSallyportError(error, 'REFUSED') && /revoked/.test(error.message),
  )
  assert.deepEqual(watch.renewals, [40_000])
  assert.deepEqual(watch.commands, [])
})

test('when the certificate has expired in spite of all attempts, it ends', async () => {
  const watch = watched()
  watch.failures = Array.from({ length: 1_000 }, () => new SallyportError('TOO_BUSY', 'not now'))
  await assert.rejects(watch.run(1e9), /expired/)
  assert.ok(watch.renewals.length > 10, 'it was tried many times before')
  assert.ok(watch.renewals.length < 60, `and not all the time: ${watch.renewals.length}`)
  assert.ok(watch.time >= LIFE)
})

test('what is due again as soon as it comes is renewed with longer and longer pauses, not all the time', async () => {
  const [renewals, said]: [number[], string[]] = [[], []]
  const controller = new AbortController()
  let time = 50_000
  await watchIdentity({
    find: async () => identityAt(0),
    renew: async (identity) => {
      renewals.push(time)
      if (renewals.length > 100) controller.abort()
      return identity
    },
    renewed: async () => undefined,
    say: (line) => said.push(line),
    now: () => time,
    wait: async (ms) => {
      time += ms
      if (time >= 55_000) controller.abort()
    },
    random: () => 0,
    signal: controller.signal,
  })
  assert.ok(renewals.length < 10, `${renewals.length} renewals in five seconds`)
  assert.match(said.at(-1) ?? '', /is due again already: is the clock right\?; trying again in 1 s/)
})

test('one that somebody else has renewed is left alone until it is due itself', async () => {
  const watch = watched()
  watch.failures = [new SallyportError('TOO_BUSY', 'not now')]
  const { failures } = watch
  Object.defineProperty(failures, 'shift', {
    value: () => {
      watch.identity = identityAt(watch.time)
      return Array.prototype.shift.call(failures) as Error | undefined
    },
  })
  await watch.run(70_000)
  assert.deepEqual(watch.renewals, [40_000])
})

test('a machine that slept through the end finds out when it wakes', async () => {
  const watch = watched()
  watch.identity = { ...watch.identity, notAfter: 90 * 86_400_000 }
  const waits: number[] = []
  const controller = new AbortController()
  await watchIdentity({
    find: async () => watch.identity,
    renew: async (identity) => identity,
    renewed: async () => undefined,
    say: () => undefined,
    now: () => 0,
    wait: async (ms) => {
      waits.push(ms)
      controller.abort()
    },
    random: () => 0,
    signal: controller.signal,
  })
  assert.deepEqual(waits, [60_000], 'it looks once a minute, however long the life is')
})
