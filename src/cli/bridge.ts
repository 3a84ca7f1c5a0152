import type { Readable, Writable } from 'node:stream'
import { LONGEST_MESSAGE } from './bridge-answer.ts'
import { BRIDGE_ERROR, clientSide } from './bridge-client.ts'
import type { Credential } from './bridge-credential.ts'
import { forwarder, type Forwarder } from './bridge-forward.ts'
import { linesOf } from '../wire/lines.ts'
import { failAll } from './bridge-refusal.ts'
import { upstreamOf } from './bridge-upstream.ts'

/** What {@link bridge} takes. */
export interface BridgeOptions {
  readonly url: URL
  /** What the bridge is known by; told why it cannot go on with it when that is so. */
  readonly credential: (hopeless: (error: unknown) => void) => Credential
  readonly input: Readable
  /** Carries messages, one per line, and nothing else. */
  readonly output: Writable
  /** Told what people may want to know. */
  readonly tell: (line: string) => void
  /** Ms since the epoch. */
  readonly now: () => number
  /** Aborted to end the bridge. */
  readonly signal: AbortSignal
}

/** How much of what the client said may be on its way to the server before no more is read, in bytes. */
const MOST_UNSENT = LONGEST_MESSAGE
/** How long the server is given to hear that we leave, in ms. */
const LEAVING = 2_000

/**
 * Forwards MCP between a client on standard input and output and a server over TLS with a client certificate or a
 * session, until the client closes its side or `signal` aborts.
 *
 * A forwarder of our own rather than the transport of the SDK: that one validates and rewrites messages, keeps to
 * itself what a server answers with a status that is no success, sends no headers for tool arguments, and does not say
 * whether a request that failed was sent.
 *
 * @throws what made it of no use to go on; every request has been answered then
 */
export async function bridge(options: BridgeOptions): Promise<void> {
  const { url, input, output, tell, now } = options
  const ended = new AbortController()
  let reason: unknown
  const hopeless = (error: unknown): void => {
    reason ??= error
    ended.abort()
  }
  const { signal } = ended
  const credential = options.credential(hopeless)
  const upstream = upstreamOf({ url, credential, now, tell, onHopeless: hopeless, signal })
  const client = clientSide(output)
  const forward = forwarder({ upstream, client, tell, signal })
  output.on('error', () => ended.abort())
  const over = AbortSignal.any([signal, options.signal])
  try {
    await readAll(input, forward, over)
    if (reason === undefined)
      await forward.close(AbortSignal.any([signal, AbortSignal.timeout(LEAVING)])).catch(() => undefined)
  } finally {
    ended.abort()
    if (reason !== undefined)
      await failAll(client, client.allOwed(), { code: BRIDGE_ERROR, message: wordsOf(reason) })
    await credential.close()
  }
  if (reason !== undefined) throw reason
}

async function readAll(input: Readable, forward: Forwarder, over: AbortSignal): Promise<void> {
  const room = roomFor(MOST_UNSENT)
  const stop = (): void => void input.destroy()
  over.addEventListener('abort', stop, { once: true })
  try {
    for await (const line of linesOf(input, LONGEST_MESSAGE)) {
      const text = line.kind === 'text' ? line.text : undefined
      if (text?.trim() === '') continue
      await room.take(text?.length ?? 0, forward.take(text))
      if (over.aborted) return
    }
  } catch (error) {
    if (!over.aborted) throw error
  } finally {
    over.removeEventListener('abort', stop)
  }
}

interface Room {
  /** Counts `size` until `gone`; resolves when there is room for more. */
  take(size: number, gone: Promise<void>): Promise<void>
}

function roomFor(most: number): Room {
  const waiting = new Set<Promise<void>>()
  let taken = 0
  const isFull = (): boolean => taken > most
  return {
    async take(size, gone) {
      taken += size
      const freed = gone.finally(() => {
        taken -= size
        waiting.delete(freed)
      })
      waiting.add(freed)
      while (isFull()) await Promise.race(waiting)
    },
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
