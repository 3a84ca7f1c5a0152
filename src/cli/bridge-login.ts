import { connectionOf, type Access, type Connection } from './bridge-connection.ts'
import type { Credential, Held } from './bridge-credential.ts'
import { holding } from './bridge-holding.ts'
import type { ConnectionFault } from './connection-fault.ts'
import { systemRoots } from './people-door.ts'
import { endedSentence, sessionFaultSentence } from './session-fault.ts'
import type { KeptSession } from './session-file.ts'
import { watchFiles } from './watch-files.ts'

/** What {@link keepLogin} takes. */
export interface LoginOptions {
  readonly session: KeptSession
  readonly url: URL
  /** Where it is kept. */
  readonly file: string
  /** Reads the session that is kept now. Rejects if it is unfit, in words for people. */
  readonly find: () => Promise<KeptSession | undefined>
}

/**
 * The session of `sallyport login`, for as long as it lives and is kept, and the one of the next login afterwards. A
 * session is never renewed: when it ends, or whoever owns it logs out here, requests are answered with what to do.
 */
export function keepLogin({ session, url, file, find }: LoginOptions): Credential {
  const watching = new AbortController()
  const held = holding(heldSession(session, url))
  /** That the server knows nobody by. */
  let refused: string | undefined
  let isKept = true
  let fault: string | undefined
  const isOver = (): boolean => !isKept || refused === held.current().token
  const look = async (): Promise<void> => {
    try {
      const found = await find()
      fault = undefined
      isKept = found !== undefined
      if (found !== undefined && found.token !== held.current().token) held.replace(heldSession(found, url))
    } catch (error) {
      isKept = false
      fault = error instanceof Error ? error.message : String(error)
    }
  }
  watchFiles([file], () => void look(), watching.signal)
  return {
    current: held.current,
    async isReplaced(used) {
      await look()
      return held.current() !== used
    },
    isAwaited(used) {
      if (held.current() === used) refused = held.current().token
      return true
    },
    async missing() {
      if (isOver()) await look()
      return isOver() ? (fault ?? held.current().unknownWords) : undefined
    },
    async close() {
      watching.abort()
      await held.close()
    },
  }
}

interface HeldSession extends Held {
  readonly token: string
}

/** What a session connects by: for its own server alone. */
export function accessBySession({ ca, token }: KeptSession): Access {
  return { tls: { ca: ca ?? systemRoots() }, headers: { authorization: `Bearer ${token}` } }
}

function heldSession(session: KeptSession, url: URL): HeldSession {
  const { server, token, user } = session
  const connect = (): Connection => connectionOf(accessBySession(session), url)
  return {
    token,
    connection: connect(),
    connect,
    what: `the session of "${user}"`,
    faultWords: (fault: ConnectionFault) => sessionFaultSentence(fault, url),
    unknownWords: endedSentence(server),
  }
}
