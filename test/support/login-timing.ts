import { Agent } from 'node:https'
import type { LoginDoor } from './login-door.ts'

/** How long logins with a wrong password took, in ms, in pairs made one after the other. */
export interface LoginTimes {
  readonly known: readonly number[]
  readonly unknown: readonly number[]
}

/**
 * Logs in with a wrong password, as somebody known and as somebody unknown by turns, on one connection. Which of the two
 * comes first changes with every pair, and every unknown name is a new one.
 *
 * @param known gives the name of each pair's known user
 */
export async function loginTimes(
  door: LoginDoor,
  pairs: number,
  known: (pair: number) => string,
): Promise<LoginTimes> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times = { known: Array<number>(), unknown: Array<number>() }
  const once = async (username: string): Promise<number> => {
    const body = JSON.stringify({ username, password: 'wrong horse battery' })
    const start = process.hrtime.bigint()
    const { status } = await door.ask('/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      agent,
    })
    if (status !== 401) throw new Error(`the answer was ${status}`)
    return Number(process.hrtime.bigint() - start) / 1e6
  }
  try {
    for (let pair = 0; pair < pairs; pair++) {
      const name = known(pair)
      // As long as the known one.
      const nobody = `x${String(pair).padStart(name.length - 1, '0')}`
      const turns = [
        async () => times.known.push(await once(name)),
        async () => times.unknown.push(await once(nobody)),
      ]
      for (const turn of pair % 2 === 0 ? turns : turns.toReversed()) await turn()
    }
    return times
  } finally {
    agent.destroy()
  }
}
