import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import { grantsOfCrowd, makeCrowd, type Caller, type Crowd } from './chaos-crowd.ts'
import { serving, type Served } from './command.ts'
import { installation } from './installation.ts'

const SECRET = 'a-secret-for-tests-only-0123456789abcdef'
const FACTOR_KEY = 'a-factor-key-for-tests-only-0123456789abcdef'
const LIMITS = 'limits: { requestsPerMinute: 1000000, requestsInFlight: 1000 }\n'
/** How often the load looks whether another request is due, in ms. */
const LOOK = 5
/** Enough for most machines. */
const PER_SECOND = 200
/** Of which so many end something. */
const ENDED_PER_SECOND = 4
/** At most so many at once: a machine that cannot keep up is not flooded. */
const AT_ONCE = 400

/** What came of a load. */
export interface Tally {
  readonly requests: number
  readonly perSecond: number
  /** By kind of caller and status, as in `session 503`. */
  readonly counts: Readonly<Record<string, number>>
  /** Requests that were admitted, and that a healthy system would refuse. */
  readonly wronglyAdmitted: readonly string[]
  /** How many were ended meanwhile. */
  readonly ended: number
}

/** A real server under load by callers of every kind; the test knows which credentials are dead at which moment. */
export interface Chaos {
  /** Lets callers come until the work is done. */
  during(work: () => Promise<void>): Promise<Tally>
  /** How long until all sessions are admitted again, in ms; one that is new where the old ones are lost. */
  recovery(areSessionsLost?: boolean): Promise<number>
  /** What a good certificate is answered. */
  certificateStatus(): Promise<number>
  /** Stops the server, which must have lived and complained of nothing until now. */
  close(): Promise<void>
}

/**
 * Starts a server on a store, which the test reaches the same way: what it can tell, the server can hear.
 *
 * @param seed of the order of callers
 * @param perSecond how many ask
 */
export async function startChaos(seed: number, at: string, perSecond: number = PER_SECOND): Promise<Chaos> {
  const { cwd, authority, remove } = await installation()
  await appendFile(join(cwd, 'access.yaml'), grantsOfCrowd())
  await writeFile(join(cwd, 'sallyport.yaml'), LIMITS)
  const env = { SALLYPORT_STORE: at, SALLYPORT_SESSION_SECRET: SECRET, SALLYPORT_FACTOR_KEY: FACTOR_KEY }
  const served = await serving('serve', { cwd, env })
  const store = await openStore(at, { now: Date.now, slotOf })
  const place = { authority, store, ports: served.ports, secret: SECRET, factorKey: FACTOR_KEY }
  const crowd = await makeCrowd(place)
  const fates = fatesOf(crowd, ENDED_PER_SECOND / perSecond, numbersFrom(seed))
  return {
    during: async (work) => await underLoad(fates, perSecond, work),
    recovery: async (areSessionsLost = false) =>
      await admitted(areSessionsLost ? [crowd.newcomer] : crowd.living),
    certificateStatus: async () => await crowd.service.send(),
    async close() {
      crowd.close()
      await store.close().catch(() => undefined)
      try {
        await stopped(served)
      } finally {
        await remove()
      }
    },
  }
}

async function stopped(served: Served): Promise<void> {
  const isAlive = served.process.exitCode === null
  const code = await served.stop()
  const complaints = served.log.filter((line) => /unhandled|uncaught/i.test(line))
  if (isAlive && code === 0 && complaints.length === 0) return
  throw new Error(`the server ended with ${code}:\n${[...complaints, ...served.log.slice(-5)].join('\n')}`)
}

/** Each may be on another node of a cluster. */
async function admitted(callers: readonly Caller[]): Promise<number> {
  const started = performance.now()
  const sentAt = async (caller: Caller): Promise<number> => {
    for (;;) {
      // Until it was asked, not until it was answered: a machine that is busy is slow at that in any case.
      const at = performance.now() - started
      if ((await caller.send().catch(() => 0)) === 200) return at
      if (at > 10_000) return Infinity
      await wait(10)
    }
  }
  return Math.max(...(await Promise.all(callers.map(sentAt))))
}

/** What a request did. */
interface Outcome {
  readonly what: string
  /** Why it should not have been admitted. */
  readonly wrong: string | undefined
}

/** Who is alive and who is dead, as far as the test knows. */
interface Fates {
  /** Lets one of them ask, or ends one. */
  one(): Promise<Outcome | undefined>
  /** Uses a code, so that it can be tried again. */
  useCode(): Promise<void>
  /** Lets everybody ask who is dead. */
  allDead(): Promise<readonly Outcome[]>
  deadCount(): number
}

function fatesOf(crowd: Crowd, ending: number, random: () => number): Fates {
  const [dying, revocable, codes] = [[...crowd.dying], [...crowd.revocable], [...crowd.codes]]
  const deadSince = new Map<Caller, number>(crowd.never.map((caller) => [caller, 0]))
  const oneOf = (callers: readonly Caller[]): Caller | undefined =>
    callers[Math.floor(random() * callers.length)]
  // What was not confirmed is nobody's to judge: it is in no list any more.
  const end = async (caller: Caller | undefined): Promise<void> => {
    const isConfirmed = (await caller?.end?.().catch(() => false)) ?? false
    if (caller !== undefined && isConfirmed) deadSince.set(caller, performance.now() + caller.heardWithin)
  }
  const send = async (caller: Caller): Promise<Outcome> => {
    const [sentAt, since] = [performance.now(), deadSince.get(caller)]
    const status = await caller.send().catch(() => 0)
    const isWrong = status === 200 && since !== undefined && since < sentAt
    const age = Math.round(sentAt - (since ?? 0))
    return {
      what: `${since === undefined || since > sentAt ? '' : 'dead '}${caller.kind} ${status}`,
      wrong: isWrong ? `${caller.kind}, ${age} ms after its end` : undefined,
    }
  }
  return {
    async one() {
      const dice = random()
      if (dice < ending / 10) await end(revocable.pop())
      else if (dice < ending) await end(dying.pop())
      else {
        const caller = oneOf(
          dice < 0.5
            ? [...crowd.living, ...dying]
            : dice < 0.85
              ? [...deadSince.keys()]
              : [crowd.service, ...revocable],
        )
        // Guesses at one account are slowed: most come when all is well again.
        const isTooMany = caller?.kind === 'used code' && random() > 0.05
        if (caller !== undefined && !isTooMany) return await send(caller)
      }
      return undefined
    },
    useCode: async () => await end(codes.pop()),
    async allDead() {
      await wait(Math.max(0, ...[...deadSince.values()].map((since) => since - performance.now())))
      return await Promise.all([...deadSince.keys()].map(send))
    },
    deadCount: () => deadSince.size,
  }
}

async function underLoad(fates: Fates, rate: number, work: () => Promise<void>): Promise<Tally> {
  const outcomes: Outcome[] = []
  const pending = new Set<Promise<void>>()
  const deadBefore = fates.deadCount()
  const started = performance.now()
  let due = started
  const ask = async (): Promise<void> => {
    const outcome = await fates.one()
    if (outcome !== undefined) outcomes.push(outcome)
  }
  const timer = setInterval(() => {
    // By the clock, however late the timer comes.
    for (; due < performance.now() && pending.size < AT_ONCE; due += 1_000 / rate) {
      const request = ask().finally(() => pending.delete(request))
      pending.add(request)
    }
    due = Math.max(due, performance.now() - 20 * LOOK)
  }, LOOK)
  await fates.useCode()
  await work().finally(() => clearInterval(timer))
  await Promise.all(pending)
  const seconds = (performance.now() - started) / 1_000
  const perSecond = Math.round(outcomes.length / seconds)
  outcomes.push(...(await fates.allDead()))
  return {
    requests: outcomes.length,
    perSecond,
    counts: countsOf(outcomes),
    wronglyAdmitted: outcomes.flatMap(({ wrong }) => wrong ?? []),
    ended: fates.deadCount() - deadBefore,
  }
}

function countsOf(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { what } of outcomes) counts[what] = (counts[what] ?? 0) + 1
  return counts
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/** Numbers from 0 to 1 that can be had again (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
