import { setTimeout as wait } from 'node:timers/promises'
import { withFileLock } from '../pki/file-lock.ts'
import { connectionOf, type Connection } from './bridge-connection.ts'
import { holding } from './bridge-holding.ts'
import { expiredWords, type Identity } from './client-identity.ts'
import { faultSentence, unknownSentence, type ConnectionFault } from './connection-fault.ts'
import { isFinal, renewalLock } from './renewal.ts'
import { watchIdentity } from './watch-identity.ts'

/** A certificate or a session, and the connection that is made with it. */
export interface Held {
  readonly connection: Connection
  /** Another connection by the same. */
  connect(): Connection
  /** As in `the certificate of "demo"`. */
  readonly what: string
  /** What to tell of a connection by it that failed, */
  faultWords(fault: ConnectionFault): string
  /** and when the server knows nobody by it. */
  readonly unknownWords: string
}

/** What the bridge is known by, kept alive. */
export interface Credential {
  /** What new requests use. */
  current(): Held
  /** Whether there is another one than `used` to try: in use by now, or on disk. */
  isReplaced(used: Held): Promise<boolean>
  /**
   * Told that the server knows nobody by it, and that there is no other. Whether another is worth waiting for: nothing is
   * sent until then, and {@link missing} says what to do.
   */
  isAwaited(used: Held): boolean
  /** Why there is nothing to be known by at the moment; `undefined` if there is something. */
  missing(): Promise<string | undefined>
  close(): Promise<void>
}

/** What {@link keepCredential} takes. */
export interface CredentialOptions {
  readonly identity: Identity
  readonly url: URL
  /** Reads the identity from its folder. Rejects if it is missing, unfit or expired, in words for people. */
  readonly find: () => Promise<Identity>
  /** Gets and stores a new certificate; under the lock already. */
  readonly renew: (identity: Identity) => Promise<Identity>
  /** Ms since the epoch. */
  readonly now: () => number
  readonly tell: (line: string) => void
  /** Told when the certificate has expired and there is no other, with the error that says so. */
  readonly onExpired: (error: unknown) => void
}

const LONGEST_PAUSE = 60_000
const SHORTEST_PAUSE = 250

/**
 * Renews a certificate in time, and takes up one that somebody else has renewed on disk. Several processes may hold one
 * identity: the renewal is done by one of them, under a lock, and the others read it. New requests go out by the new
 * certificate; those that run finish by the old one.
 */
export function keepCredential(options: CredentialOptions): Credential {
  const { url, renew, now, tell, onExpired } = options
  const ended = new AbortController()
  const { signal } = ended
  const held = holding(heldIdentity(options.identity, url, now))
  const inUse = (): Identity => held.current().identity

  const use = (identity: Identity): void => {
    if (identity.certificate === inUse().certificate || signal.aborted) return
    held.replace(heldIdentity(identity, url, now))
  }
  const find = async (): Promise<Identity> => {
    const found = await options.find()
    use(found)
    return found
  }
  const rest = async (ms: number): Promise<void> => wait(ms, undefined, { signal }).catch(() => undefined)

  /** What the server refused for good is not asked again; another certificate on disk is. */
  const refusals = new Map<string, unknown>()
  const replace = async (identity: Identity): Promise<Identity> => {
    if (refusals.has(identity.certificate)) throw refusals.get(identity.certificate)
    return withFileLock(renewalLock(identity), async () => {
      const found = await find()
      if (found.certificate !== identity.certificate) return found
      const renewed = await renew(found)
      use(renewed)
      return renewed
    }).catch((error: unknown) => {
      if (isFinal(error)) refusals.set(identity.certificate, error)
      throw error
    })
  }
  const keep = async (): Promise<void> => {
    let told: unknown
    while (!signal.aborted)
      try {
        await watchIdentity({
          find,
          renew: replace,
          renewed: async () => undefined,
          say: (line) => tell(`the certificate of "${inUse().name}" ${line}`),
          now,
          wait: rest,
          random: Math.random,
          signal,
        })
      } catch (error) {
        const left = inUse().notAfter - now()
        if (left <= 0) return onExpired(error)
        const words = error instanceof Error ? error.message : String(error)
        if (words !== told)
          tell(`${words} (the certificate in use is good until ${new Date(inUse().notAfter).toISOString()})`)
        told = words
        await rest(Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, left)))
      }
  }
  void keep()

  return {
    current: held.current,
    async isReplaced(used) {
      await find().catch(() => undefined)
      return held.current() !== used
    },
    isAwaited: () => false,
    missing: async () => undefined,
    async close() {
      ended.abort()
      await held.close()
    },
  }
}

interface HeldIdentity extends Held {
  readonly identity: Identity
}

function heldIdentity(identity: Identity, url: URL, now: () => number): HeldIdentity {
  const { name, directory, certificate: cert, key, root: ca, notAfter } = identity
  const attempt = { as: name, url: url.href, root: directory }
  const connect = (): Connection => connectionOf({ tls: { ca, cert, key }, headers: {} }, url)
  const isRefusal = (fault: ConnectionFault): boolean => fault === 'certificate_refused' || fault === 'closed'
  return {
    identity,
    connection: connect(),
    connect,
    what: `the certificate of "${name}"`,
    faultWords: (fault) =>
      isRefusal(fault) && now() >= notAfter ? expiredWords(directory) : faultSentence(fault, attempt),
    unknownWords: unknownSentence(attempt),
  }
}
