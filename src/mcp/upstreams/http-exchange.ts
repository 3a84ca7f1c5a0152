import { isUtf8 } from 'node:buffer'
import { eventReader } from '../../wire/events.ts'
import { growingBytes } from '../../wire/growing-bytes.ts'
import type { HttpAsk, HttpClient } from './http-client.ts'
import { floodGate } from './peer-gate.ts'
import { messageOf } from './peer-message.ts'

/** How far a stream of events was read, to resume it there. */
export interface Place {
  readonly lastId: string | undefined
  /** How long to wait before that, in ms. */
  readonly retry: number | undefined
}

/** How an exchange ended, when its messages have been given. */
export type ExchangeEnd =
  /** The body, or the stream of events, came to its end, or was cut off. */
  | { readonly kind: 'ended'; readonly place: Place; readonly isStream: boolean }
  /** Refused by its status; what it said was no message. */
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'garbage'; readonly why: string }
  /** Nothing came. */
  | { readonly kind: 'failed'; readonly error: Error; readonly sent: boolean }

/** Told what comes. */
export interface ExchangeTold {
  /** The status and the session that the upstream says, before anything else. */
  readonly answered?: (status: number, session: string | undefined) => void
  readonly message: (message: unknown, length: number) => void
  /** Once, at last. */
  readonly end: (end: ExchangeEnd) => void
}

/** An exchange under way. */
export interface Exchange {
  /** Breaks it off; nothing is told after that. */
  stop(): void
  /** Nobody wants the rest: its connection is kept if that is short, and comes soon. Nothing is told after this either. */
  leave(): void
}

const NOWHERE: Place = { lastId: undefined, retry: undefined }
/** What a message has beside its result, in bytes. */
const ENVELOPE = 1024
/** The rest of an answer is worth a connection if it is no longer than this, in bytes, and comes within this, in ms. */
const LONGEST_REST = 65_536
const REST_TIME = 1_000

/**
 * Sends one request of HTTP, and gives the messages of its answer: one of JSON, or those of a stream of events as they
 * come. What is longer than it may be is not read to its end: its connection is ended.
 *
 * @param bytes of a result
 */
export function exchange(client: HttpClient, ask: HttpAsk, bytes: number, told: ExchangeTold): Exchange {
  let body: Body | undefined
  let rest: { length: number; readonly timer: NodeJS.Timeout } | undefined
  let isRead = false
  const stop = (): void => {
    gate.stop()
    sending.stop()
  }
  const end = (ended: ExchangeEnd): void => {
    stop()
    told.end(ended)
  }
  const give = (text: string): boolean => {
    gate.took(1, 0)
    const began = performance.now()
    const read = messageOf(text)
    if (read.kind === 'garbage') end(read)
    else told.message(read.message, text.length)
    gate.worked(performance.now() - began)
    return read.kind === 'message'
  }
  const sending = client.send(ask, {
    answered(status, headers) {
      told.answered?.(status, only(headers['mcp-session-id']))
      const encoding = only(headers['content-encoding']) ?? 'identity'
      if (encoding !== 'identity') return end({ kind: 'garbage', why: 'its answer is compressed' })
      const type = essence(only(headers['content-type']))
      const isStream = isGood(status) && type === 'text/event-stream'
      body = isStream
        ? eventsIn(bytes + ENVELOPE, give, end)
        : jsonIn(bytes + ENVELOPE, { status, type }, give, end)
    },
    data(chunk) {
      gate.took(0, chunk.length)
      if (rest === undefined) return body?.data(chunk)
      rest.length += chunk.length
      if (rest.length > LONGEST_REST) stop()
    },
    ended() {
      isRead = true
      if (rest === undefined) body?.ended()
      else clearTimeout(rest.timer)
    },
    failed(error, sent) {
      if (rest !== undefined) clearTimeout(rest.timer)
      else if (body === undefined) end({ kind: 'failed', error, sent })
      else body.cut(error)
    },
  })
  const gate = floodGate(sending.pause, sending.resume)
  return {
    stop,
    leave() {
      if (!isRead) rest ??= { length: 0, timer: setTimeout(stop, REST_TIME).unref() }
    },
  }
}

interface Body {
  data(chunk: Buffer): void
  ended(): void
  /** The connection was lost before the end. */
  cut(error: Error): void
}

type End = (end: ExchangeEnd) => void
/** False: it was no message, and that was the end. */
type Give = (text: string) => boolean

function eventsIn(longest: number, give: Give, end: End): Body {
  let place = NOWHERE
  let isOver = false
  const ended = (): void => end({ kind: 'ended', place, isStream: true })
  const data = eventReader(
    longest,
    ({ type, data: text, lastId, retry }) => {
      if (isOver) return
      place = { lastId, retry }
      if (type === 'message' && text !== '') isOver = !give(text)
    },
    (fault) => {
      if (!isOver) end(fault === 'too_long' ? { kind: 'too_large' } : NOT_UTF8)
    },
  )
  return { data, ended, cut: ended }
}

const NOT_UTF8: ExchangeEnd = { kind: 'garbage', why: 'it sent what is not UTF-8' }

function jsonIn(
  longest: number,
  { status, type }: { readonly status: number; readonly type: string },
  give: Give,
  end: End,
): Body {
  const bytes = growingBytes()
  const isJson = type === 'application/json'
  return {
    data(chunk) {
      if (bytes.length() + chunk.length > longest) end({ kind: 'too_large' })
      else if (isJson) bytes.add(chunk)
    },
    ended() {
      const all = bytes.take()
      const over: ExchangeEnd = isGood(status)
        ? { kind: 'ended', place: NOWHERE, isStream: false }
        : { kind: 'refused', status }
      // What is said with a refusal is of interest if it is a message.
      if (!isGood(status) && messageOf(all.toString('utf8')).kind === 'garbage') return end(over)
      if (all.length === 0) return end(over)
      if (!isUtf8(all)) return end(NOT_UTF8)
      if (give(all.toString('utf8'))) end(over)
    },
    cut: (error) => end({ kind: 'failed', error, sent: true }),
  }
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300
}

function only(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function essence(type: string | undefined): string {
  return (type ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}
