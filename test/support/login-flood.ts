import { Agent } from 'node:https'
import { setTimeout } from 'node:timers/promises'
import { ask, type Answer } from './clients.ts'
import type { TestServer } from './server.ts'

/** More than any flood: the counters are not what is tested. */
export const NO_COUNTING = { perAddress: 100_000, perMinute: 100_000 }

/** Logins that go on until they are stopped. */
export interface LoginFlood {
  /** Every answer so far. */
  readonly answers: readonly Answer[]
  /** Resolves with the first answer that fits, also one that was there already. */
  answered(fits: (answer: Answer) => boolean): Promise<Answer>
  /** Sends no more, and waits for what was sent. */
  stop(): Promise<void>
}

/**
 * Keeps `atOnce` logins under way, each with a name of its own.
 *
 * @param pause of each between two of its logins, in ms
 */
export function floodLogins({ ports, authority }: TestServer, atOnce: number, pause = 0): LoginFlood {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const answers: Answer[] = []
  const waiting = new Set<() => void>()
  const stopping = new AbortController()
  let count = 0
  const login = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const body = JSON.stringify({ username: `nobody-${(count += 1)}`, password: 'correct horse battery' })
      const headers = { 'content-type': 'application/json' }
      const to = { port: ports.people ?? 0, path: '/auth/login', ca: authority.rootPem, agent }
      answers.push(await ask({ ...to, headers, body }))
      for (const look of waiting) look()
      if (pause > 0) await setTimeout(pause)
    }
  }
  const all = Promise.all(Array.from({ length: atOnce }, login))
  return {
    answers,
    answered: async (fits) =>
      new Promise((found) => {
        const look = (): void => {
          const answer = answers.find(fits)
          if (answer === undefined) return
          waiting.delete(look)
          found(answer)
        }
        waiting.add(look)
        look()
      }),
    async stop() {
      stopping.abort()
      await all
      agent.destroy()
    },
  }
}
