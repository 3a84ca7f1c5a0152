import type { Answer } from './bridge-connection.ts'
import { AnswerError, eventsOf } from '../wire/events.ts'
import { readMessages, type Carried } from '../wire/message.ts'

/** Longer lines and messages are taken from nobody, in bytes. */
export const LONGEST_MESSAGE: number = 64 * 1024 * 1024

/** How far a stream of events was read, to resume it there. */
export interface Place {
  lastId?: string | undefined
  /** How long to wait before that, in ms. */
  retry?: number | undefined
}

export function isStream({ status, type }: Answer): boolean {
  return isGood(status) && type === 'text/event-stream'
}

export function isGood(status: number): boolean {
  return status >= 200 && status < 300
}

/**
 * The messages of an answer: one body of JSON, or those of a stream of events as they come.
 *
 * @param place is kept up to date while a stream is read
 * @throws AnswerError; what the connection says
 */
export async function* messagesOf(answer: Answer, place: Place = {}): AsyncGenerator<Carried> {
  if (!isStream(answer)) {
    const text = await textOf(answer)
    if (text.trim() !== '') yield carriedIn(text)
    return
  }
  for await (const { type, data, lastId, retry } of eventsOf(answer.body, LONGEST_MESSAGE)) {
    place.lastId = lastId
    place.retry = retry
    if (type === 'message' && data !== '') yield carriedIn(data)
  }
}

async function textOf({ body }: Answer): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > LONGEST_MESSAGE) throw new AnswerError('the answer of the server is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function carriedIn(text: string): Carried {
  const read = readMessages(text)
  if (read.kind !== 'carried')
    throw new AnswerError('the server answered with something that is no message of MCP')
  return read
}
