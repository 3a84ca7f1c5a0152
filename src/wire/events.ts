import { lineReader, type Line } from './lines.ts'

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

/** Why a stream of events cannot be read on. */
export type EventFault = 'too_long' | 'not_utf8'

/**
 * The events of a stream (WHATWG HTML, 9.2 Server-sent events). An event without data is given too when it carries an
 * id or a time to wait: servers prime a stream so, to have it resumed.
 *
 * @param longest of a line, and of the data of one event, in bytes (characters, for several lines)
 * @param broken told once; nothing is taken after it
 * @returns takes the next bytes, and tells of the events that end in them before it returns
 */
export function eventReader(
  longest: number,
  take: (event: ServerEvent) => void,
  broken: (fault: EventFault) => void,
): (chunk: Buffer) => void {
  const stream: Stream = { type: '', data: [], length: 0, lastId: undefined, retry: undefined, noted: false }
  let isBroken = false
  const stop = (fault: EventFault): void => {
    isBroken = true
    stream.data = []
    broken(fault)
  }
  const line = (read: Line): void => {
    if (isBroken) return
    if (read.kind !== 'text') return stop(read.kind)
    if (read.text !== '') {
      note(stream, read.text)
      if (stream.length > longest) stop('too_long')
      return
    }
    const event = stream.data.length > 0 || stream.noted ? eventIn(stream) : undefined
    stream.type = ''
    stream.data = []
    stream.length = 0
    stream.noted = false
    if (event !== undefined) take(event)
  }
  const read = lineReader(longest, line, () => {
    if (!isBroken) stop('too_long')
  })
  return (chunk) => {
    if (!isBroken) read(chunk)
  }
}

/**
 * {@link eventReader} for who reads at its own pace.
 *
 * @throws AnswerError for what is longer, or is not UTF-8
 */
export async function* eventsOf(body: AsyncIterable<Buffer>, longest: number): AsyncGenerator<ServerEvent> {
  let events: ServerEvent[] = []
  const faults: EventFault[] = []
  const read = eventReader(
    longest,
    (event) => events.push(event),
    (fault) => faults.push(fault),
  )
  for await (const chunk of body) {
    read(chunk)
    const ended = events
    events = []
    yield* ended
    if (faults[0] !== undefined)
      throw new AnswerError(`an event of the server is ${faults[0].replace('_', ' ')}`)
  }
}

interface Stream {
  type: string
  data: string[]
  /** Of the data so far, with the ends of its lines. */
  length: number
  lastId: string | undefined
  retry: number | undefined
  /** Whether this event says an id or a time. */
  noted: boolean
}

function eventIn({ type, data, lastId, retry }: Stream): ServerEvent {
  return { type: type === '' ? 'message' : type, data: data.join('\n'), lastId, retry }
}

function note(stream: Stream, line: string): void {
  const colon = line.indexOf(':')
  const name = colon === -1 ? line : line.slice(0, colon)
  const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
  if (name === 'data') {
    stream.data.push(value)
    stream.length += value.length + 1
  }
  if (name === 'event') stream.type = value
  if (name === 'id' && !value.includes('\0')) Object.assign(stream, { lastId: value, noted: true })
  if (name === 'retry' && /^[0-9]{1,9}$/.test(value))
    Object.assign(stream, { retry: Number(value), noted: true })
}
