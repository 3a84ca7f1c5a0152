import { linesOf } from './lines.ts'

/** An event of a server-sent event stream. */
export interface ServerEvent {
  /** `message` unless the stream says otherwise. */
  readonly type: string
  readonly data: string
  /** The last id that the stream has given; what to resume after. */
  readonly lastId: string | undefined
  /** How long to wait before reconnecting, in ms, as the stream asks for. */
  readonly retry: number | undefined
}

/** What the server sends is no message, or longer than we take. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError'
}

/**
 * The events of a stream (WHATWG HTML, 9.2 Server-sent events). An event without data is given too when it carries an
 * id or a time to wait: servers prime a stream so, to have it resumed.
 *
 * @param longest of a line, in bytes
 * @throws AnswerError for a line that is longer, or is not UTF-8
 */
export async function* eventsOf(body: AsyncIterable<Buffer>, longest: number): AsyncGenerator<ServerEvent> {
  const stream: Stream = { type: '', data: [], lastId: undefined, retry: undefined, noted: false }
  for await (const line of linesOf(body, longest)) {
    if (line.kind !== 'text')
      throw new AnswerError(`an event of the server is ${line.kind.replace('_', ' ')}`)
    if (line.text !== '') {
      take(stream, line.text)
      continue
    }
    if (stream.data.length > 0 || stream.noted) yield eventIn(stream)
    Object.assign(stream, { type: '', data: [], noted: false })
  }
}

interface Stream {
  type: string
  data: string[]
  lastId: string | undefined
  retry: number | undefined
  /** Whether this event says an id or a time. */
  noted: boolean
}

function eventIn({ type, data, lastId, retry }: Stream): ServerEvent {
  return { type: type === '' ? 'message' : type, data: data.join('\n'), lastId, retry }
}

function take(stream: Stream, line: string): void {
  const colon = line.indexOf(':')
  const name = colon === -1 ? line : line.slice(0, colon)
  const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
  if (name === 'data') stream.data.push(value)
  if (name === 'event') stream.type = value
  if (name === 'id' && !value.includes('\0')) Object.assign(stream, { lastId: value, noted: true })
  if (name === 'retry' && /^[0-9]{1,9}$/.test(value))
    Object.assign(stream, { retry: Number(value), noted: true })
}
