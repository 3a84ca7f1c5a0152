import { isGood, isStream, messagesOf } from './bridge-answer.ts'
import { changesOf, watchedBySubscription, type Watched } from './bridge-changes.ts'
import { answerIn, type ClientSide, type Owed } from './bridge-client.ts'
import type { Answer, Ask } from './bridge-connection.ts'
import { onlyMessage, type Carried } from '../wire/message.ts'
import { repeat, type Reading } from './bridge-repeat.ts'
import type { Upstream } from './bridge-upstream.ts'

/** What {@link subscribe} takes. */
export interface SubscriptionOptions {
  readonly upstream: Upstream
  readonly client: ClientSide
  /** The client's `subscriptions/listen`. */
  readonly owed: Owed
  readonly ask: Ask
  /** Tells the client what the server answered instead of a stream. */
  readonly deliver: (answer: Answer) => Promise<void>
}

/**
 * Keeps a subscription of MCP 2026-07-28 (`subscriptions/listen`) over the streams that it takes: over HTTP one ends
 * with a certificate or a server, over stdio clients expect it to last as long as we do. After an interruption the
 * client is told that all it watches may have changed.
 */
export async function subscribe({
  upstream,
  client,
  owed,
  ask,
  deliver,
}: SubscriptionOptions): Promise<void> {
  let watched: Watched | undefined
  const take = async (carried: Carried): Promise<Reading | undefined> => {
    const granted = acknowledged(carried)
    if (granted !== undefined) {
      const before = watched
      watched = watchedBySubscription(granted)
      if (before === undefined) await client.give(carried)
      else for (const change of changesOf(before, { [SUBSCRIPTION]: owed.id })) await client.say(change)
      return undefined
    }
    const answer = answerIn(carried)
    // A server that stops completes what it serves; one that grants nothing does so at once.
    if (answer?.id === owed.id && answer.error === undefined && isWatching(watched)) return 'again'
    await client.give(carried)
    return answer?.id === owed.id ? 'over' : undefined
  }
  const read = async (): Promise<Reading> => {
    const sent = await upstream.ask(ask, watched === undefined ? undefined : Infinity)
    if (sent.kind === 'given_up') return 'over'
    if (sent.kind !== 'answered') {
      if (watched !== undefined) return 'again'
      await client.fail(owed, sent.why)
      return 'over'
    }
    const { answer } = sent
    if (!isStream(answer)) {
      if (watched !== undefined && isPassing(answer.status)) {
        await answer.discard()
        return 'again'
      }
      await deliver(answer)
      return 'over'
    }
    try {
      for await (const carried of messagesOf(answer)) {
        const reading = await take(carried)
        if (reading !== undefined) return reading
      }
    } catch {
      // Cut off, like a stream that ends without the answer.
    }
    if (watched !== undefined) return 'again'
    await client.fail(owed, 'the connection was lost before the subscription was acknowledged')
    return 'over'
  }
  await repeat(read, ask.signal)
}

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId'

/** What the server grants, where it says so. */
function acknowledged(carried: Carried): unknown {
  const message = onlyMessage(carried)
  const isIt =
    message?.kind === 'notification' && message.method === 'notifications/subscriptions/acknowledged'
  return isIt ? (message.params['notifications'] ?? {}) : undefined
}

function isWatching(watched: Watched | undefined): boolean {
  return watched !== undefined && watched.lists.length + watched.resources.length > 0
}

function isPassing(status: number): boolean {
  return status === 429 || status >= 500 || isGood(status)
}
