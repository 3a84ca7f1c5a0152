import type { Readable, Writable } from 'node:stream'
import { lineReader, type Line } from '../../wire/lines.ts'
import { floodGate } from './peer-gate.ts'
import { messageOf } from './peer-message.ts'
import type { OpenWire, Outgoing, Wire, WireEvents } from './peer-wire.ts'
import type { SpawnedProcess } from './spawned-process.ts'

/** What waits to be read by a process that does not read, in bytes: requests beyond it are refused, */
const MOST_WAITING = 16_777_216
/** and answers to what it asks, already beyond this. */
const MOST_TOLD = 65_536
/** Between the end of its output and of itself, in ms. */
const LAST_WORDS = 100
/** What a message has beside its result, in bytes. */
const ENVELOPE = 1024

/**
 * Messages as lines of JSON over the standard streams of a process (MCP, transports, stdio).
 *
 * @param bytes of a result
 */
export function stdioWire(process: SpawnedProcess, bytes: number): OpenWire {
  return (events) => {
    const { stdin, stdout } = process
    const gate = floodGate(
      () => stdout.pause(),
      () => stdout.resume(),
    )
    const read = lineReader(bytes + ENVELOPE, (line) => {
      gate.took(1, 0)
      takeLine(line, events)
    })
    stdout.on('data', (chunk: Buffer) => {
      gate.took(0, chunk.length)
      const began = performance.now()
      read(chunk)
      gate.worked(performance.now() - began)
    })
    // That it is gone is told by `closed`; a write that fails meanwhile is no news.
    for (const stream of [stdin, stdout]) stream.on('error', () => undefined)
    return pipeOf(process, stdin, stdout)
  }
}

function pipeOf(process: SpawnedProcess, stdin: Writable, stdout: Readable): Wire {
  const isFull = (most: number): boolean => !stdin.writable || stdin.writableLength > most
  const write = (message: object): void => {
    stdin.write(`${JSON.stringify(message)}\n`)
  }
  const closed = Promise.race([
    process.closed,
    new Promise<string>((resolve) => {
      const silent = (): void => resolve('it has closed its standard output')
      // Mostly because it has ended, and the reason of that says more.
      stdout.once('close', () => setTimeout(silent, LAST_WORDS).unref())
    }),
  ])
  // What is left of it without its output is of no use.
  void closed.then(async () => process.close())
  return {
    hasStreams: false,
    send({ id, method, params }: Outgoing, hearing) {
      if (isFull(MOST_WAITING))
        hearing.over({
          kind: 'down',
          sent: false,
          why: 'it does not take what is written to its standard input',
        })
      else write({ jsonrpc: '2.0', id, method, params })
      return () => undefined
    },
    async tell(message) {
      const isDropped = isFull('method' in message ? MOST_WAITING : MOST_TOLD)
      if (!isDropped) write({ jsonrpc: '2.0', ...message })
      return !isDropped
    },
    closed,
    close: async () => process.close(),
  }
}

function takeLine(line: Line, { heard, tooLong, onLine }: WireEvents): void {
  if (line.kind === 'too_long') return tooLong(line.edges)
  if (line.kind === 'text' && line.text.trim() === '') return
  const read =
    line.kind === 'text'
      ? messageOf(line.text)
      : ({ kind: 'garbage', why: 'it sent what is not UTF-8' } as const)
  if (read.kind === 'message') heard(read.message, line.kind === 'text' ? line.text.length : 0)
  else onLine(`a line on standard output was dropped: ${read.why}`)
}
