import { SallyportError } from '../errors.ts'
import type { Answer, Ask, Asked } from './bridge-connection.ts'
import type { Credential, Held } from './bridge-credential.ts'
import { linkTo } from './bridge-link.ts'
import { connectionFault, type ConnectionFault } from './connection-fault.ts'

/** What became of a request. */
export type Sent =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** It was not sent, so nobody has acted on it. */
  | { readonly kind: 'unreachable'; readonly why: string }
  /** It was sent, and the connection failed before the answer: nobody knows. */
  | { readonly kind: 'lost'; readonly why: string }
  /** Its signal was aborted, or the bridge has ended. */
  | { readonly kind: 'given_up' }

/** The server, asked patiently. */
export interface Upstream {
  /**
   * Waits for a server that cannot be reached. Sends again only what was certainly not sent, or what the server
   * refused before it read it, and only by another certificate.
   *
   * @param patience for a server that cannot be reached, in ms; {@link PATIENCE} unless given
   */
  ask(ask: Ask, patience?: number): Promise<Sent>
}

/** What {@link upstreamOf} takes. */
export interface UpstreamOptions {
  readonly url: URL
  readonly credential: Credential
  /** Ms since the epoch. */
  readonly now: () => number
  readonly tell: (line: string) => void
  /** Told why it makes no sense to go on. */
  readonly onHopeless: (error: SallyportError) => void
  readonly signal: AbortSignal
}

/** How long a request waits for a server that cannot be reached, in ms. */
export const PATIENCE = 15_000

/** A server may close a connection or two while it stops or starts; one that does it each time does not want us. */
const CLOSED_TOO_OFTEN = 4

/** Asks the server, and finds out when it is of no use to go on: our certificate is not known, or it is another server. */
export function upstreamOf({ url, credential, now, tell, onHopeless, signal }: UpstreamOptions): Upstream {
  let closed = 0
  let known = credential.current()
  const hopeless = (message: string): string => {
    onHopeless(new SallyportError('CERTIFICATE_INVALID', message))
    return message
  }
  const link = linkTo({
    signal,
    tell,
    greeting: `connected to ${url.href} by ${credential.current().what}`,
    async probe() {
      const missing = await credential.missing()
      if (missing !== undefined) return missing
      const held = credential.current()
      const connection = held.connect()
      const asked = await connection.ask({ method: 'GET', headers: PROBE, signal })
      closed = isClosed(asked) ? closed + 1 : 0
      const tried = await judged(held, asked)
      await connection.destroy()
      return tried.kind === 'failed' ? tried.why : undefined
    },
  })

  /** What tells of our certificate or of another server ends the bridge, if there is nothing else to try or to wait for. */
  const judged = async (held: Held, asked: Asked): Promise<Tried> => {
    if (asked.kind === 'unanswered') return failed(held, asked)
    if (asked.answer.status !== 401) {
      link.reached()
      return asked
    }
    await asked.answer.discard()
    // Refused before anybody looked at the body.
    return refused(held, { unsent: true, why: held.unknownWords, isUnknown: true })
  }
  const refused = async (held: Held, { unsent, why, isUnknown }: Refused): Promise<Tried> => {
    const goesOn =
      (await credential.isReplaced(held)) || signal.aborted || (isUnknown && credential.isAwaited(held))
    return { kind: 'failed', unsent, why: goesOn ? why : hopeless(why) }
  }
  const failed = async (held: Held, asked: Unanswered): Promise<Tried> => {
    const { error, unsent } = asked
    const fault = connectionFault(error)
    const why = fault === undefined ? wordsOf(error, url) : held.faultWords(fault)
    if (isHopeless(fault)) return { kind: 'failed', unsent, why: hopeless(why) }
    if (fault === 'certificate_refused' || closed >= CLOSED_TOO_OFTEN) {
      // The server ended the handshake, which on our side was over: it has read nothing.
      const isUnread = unsent || fault === 'certificate_refused'
      return refused(held, { unsent: isUnread, why, isUnknown: false })
    }
    return { kind: 'failed', unsent, why: outageSentence(fault, why, url) }
  }

  return {
    async ask(ask, patience = PATIENCE) {
      const deadline = now() + patience
      let why: string | undefined
      for (;;) {
        const missing = await credential.missing()
        if (missing !== undefined && patience !== Infinity) return { kind: 'unreachable', why: missing }
        if (credential.current() !== known) link.hurry()
        known = credential.current()
        const isReachable = await link.reachable(deadline - now(), ask.signal)
        if (ask.signal.aborted || signal.aborted) return { kind: 'given_up' }
        if (!isReachable) return { kind: 'unreachable', why: link.problem() ?? why ?? unanswered(url) }
        const held = credential.current()
        const tried = await judged(held, await held.connection.ask(ask))
        if (tried.kind === 'answered') return tried
        if (ask.signal.aborted || signal.aborted) return { kind: 'given_up' }
        link.lost()
        if (!tried.unsent) return { kind: 'lost', why: tried.why }
        why = tried.why
      }
    },
  }
}

function unanswered(url: URL): string {
  return `the server at ${url.href} does not answer`
}

interface Refused {
  readonly unsent: boolean
  readonly why: string
  /** Whether the server answered, and knows nobody by it. */
  readonly isUnknown: boolean
}

type Unanswered = Extract<Asked, { kind: 'unanswered' }>

type Tried =
  | Extract<Asked, { kind: 'answered' }>
  | { readonly kind: 'failed'; readonly unsent: boolean; readonly why: string }

function isClosed(asked: Asked): boolean {
  return asked.kind === 'unanswered' && asked.connected && connectionFault(asked.error) === 'closed'
}

/** Any answer will do. A server of 2025 may open a stream, which is closed at once. */
const PROBE = { accept: 'text/event-stream' }

function isHopeless(fault: ConnectionFault | undefined): boolean {
  return fault === 'foreign_server' || fault === 'other_name'
}

/** A connection that was cut is said to be that, until it is cut so often that it must be our certificate. */
function outageSentence(fault: ConnectionFault | undefined, why: string, url: URL): string {
  if (fault === 'closed') return `the server at ${url.href} closed the connection`
  return fault === 'nobody_listens' ? `nobody listens at ${url.href}` : why
}

function wordsOf(error: unknown, url: URL): string {
  return `the server at ${url.href} cannot be reached: ${error instanceof Error ? error.message : String(error)}`
}
