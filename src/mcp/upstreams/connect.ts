import { wireOf } from './connect-wire.ts'
import { tellsOfResources, toldLists, toldOf, type Told } from './connect-told.ts'
import type { Connect, Connected, ConnectionEvents, Dial, UpstreamConnection } from './connection.ts'
import { initialize, negotiate, type Negotiated } from './negotiate.ts'
import type { UpstreamOptions } from './options.ts'
import { plainText } from './peer-answer.ts'
import { MODERN } from './peer-envelope.ts'
import { boundedLines } from './peer-lines.ts'
import { listening, type Listening } from './peer-listen.ts'
import { subscribing, type Subscribing } from './peer-subscribe.ts'
import { peerOver, type Peer } from './peer.ts'
import type { SpawnUpstream } from './process-host.ts'
import { unlessAborted } from './unless-aborted.ts'

/** MCP 2026-07-28: the revision is not supported. */
const UNSUPPORTED_VERSION = -32022
const LONGEST_WHY = 512

/**
 * Connects to upstreams by our own JSON-RPC, over HTTP, standard streams, or in this process.
 *
 * @param spawn starts the processes of those of stdio
 */
export function createConnect(spawn: SpawnUpstream): Connect {
  return async (options, dial, events) => {
    const deadline = AbortSignal.any([dial.signal, AbortSignal.timeout(options.limits.connectTimeout)])
    const dialing = { spawn, options, dial, deadline, events }
    const first = await attempt(dialing, options.era)
    if (first.kind === 'connected' || !first.closedOnQuestion || options.era !== 'auto') return first
    // An old server may end on a question that it does not know; it gets none the second time.
    return attempt(dialing, '2025-11-25')
  }
}

interface Dialing {
  readonly spawn: SpawnUpstream
  readonly options: UpstreamOptions
  readonly dial: Dial
  /** Aborted when connecting takes too long, or is broken off. */
  readonly deadline: AbortSignal
  readonly events: ConnectionEvents
}

type Attempted =
  | Extract<Connected, { kind: 'connected' }>
  | (Extract<Connected, { kind: 'failed' }> & { readonly closedOnQuestion: boolean })

/** A connection on which nothing was said yet. */
interface Opened {
  readonly peer: Peer
  readonly told: Told
  readonly isPipe: boolean
  /** The 2025-era handshake came to this revision. */
  readonly begin: (revision: string) => Promise<void>
  /** From now on, this keeps what the upstream tells of in step with what is watched. */
  readonly follow: (subscriptions: Subscribing & Partial<Listening>) => void
}

/** Whatever a deadline breaks off, this is what the operator can do something about. */
const TOO_LATE = 'it could not be connected in time ("connectTimeout")'

async function attempt(dialing: Dialing, era: UpstreamOptions['era']): Promise<Attempted> {
  const { dial, deadline, options } = dialing
  const opening = opened(dialing)
  try {
    const open = await unlessAborted(opening, deadline, () => {
      throw new Error('connecting was broken off')
    })
    const negotiated = await negotiate({
      ...open,
      era,
      knownEra: dial.knownEra,
      clientCapabilities: dial.clientCapabilities,
      signal: deadline,
      timeout: options.limits.connectTimeout,
    })
    if (negotiated.kind === 'negotiated')
      return { kind: 'connected', connection: await connectionOf(open, negotiated, options) }
    await open.peer.close()
    return deadline.aborted ? { ...negotiated, why: TOO_LATE } : negotiated
  } catch (error) {
    void opening.then(
      async ({ peer }) => peer.close(),
      () => undefined,
    )
    const why = deadline.aborted ? TOO_LATE : wordsOf(error)
    return { kind: 'failed', why, closedOnQuestion: false }
  }
}

async function opened({ spawn, options, dial, events }: Dialing): Promise<Opened> {
  const { limits } = options
  const onLine = boundedLines(events.onLine)
  let subscriptions: (Subscribing & Partial<Listening>) | undefined
  const told = toldOf({
    onListChanged: events.onListChanged,
    watched: () => subscriptions?.changed(),
    acknowledged: () => subscriptions?.acknowledged?.(),
  })
  const begin = async (revision: string): Promise<void> => {
    wire.begin(revision)
    await peer.tell({ method: 'notifications/initialized' }, '2025-11-25')
    wire.listen()
  }
  const reopen = async (): Promise<boolean> => {
    const { clientCapabilities } = dial
    const signal = new AbortController().signal
    const again = await initialize({ peer, signal, clientCapabilities }, limits.connectTimeout)
    if (again.kind !== 'negotiated') return false
    await begin(again.revision)
    subscriptions?.renew()
    return true
  }
  const wire = await wireOf({
    spawn,
    options,
    secrets: dial.secrets,
    onLine: events.onLine,
    reopen,
    gap: told.all,
  })
  const peer = peerOver({
    open: wire.open,
    inFlight: limits.inFlight,
    notificationsPerSecond: limits.notificationsPerSecond,
    onUnasked: told.take,
    onLine,
  })
  void stopAfter(peer.closed, () => {
    told.stop()
    subscriptions?.stop()
  })
  return {
    peer,
    told,
    isPipe: wire.isPipe,
    begin,
    follow(followed) {
      subscriptions = followed
    },
  }
}

async function stopAfter(closed: Promise<unknown>, stop: () => void): Promise<void> {
  await closed
  stop()
}

async function connectionOf(
  { peer, told, begin, follow }: Opened,
  { era, revision, greeting }: Extract<Negotiated, { kind: 'negotiated' }>,
  { limits }: UpstreamOptions,
): Promise<UpstreamConnection> {
  const { watches } = told
  const isWatchable = tellsOfResources(greeting)
  if (era === MODERN) follow(listening({ peer, lists: toldLists(greeting), watches, gap: told.all }))
  else {
    await begin(revision)
    follow(subscribing(peer, watches, limits.timeout))
  }
  return {
    era,
    greeting,
    async request(request) {
      const answer = await peer.ask(request, era)
      // It was another server once, or is one now: who connects anew asks it what it is.
      if (answer.kind === 'error' && answer.code === UNSUPPORTED_VERSION) void peer.close()
      return answer
    },
    inFlight: peer.inFlight,
    watch: (uri, changed) => (isWatchable ? watches.add(uri, changed) : () => undefined),
    closed: peer.closed,
    close: peer.close,
  }
}

function wordsOf(error: unknown): string {
  return plainText(error instanceof Error ? error.message : String(error), LONGEST_WHY)
}
