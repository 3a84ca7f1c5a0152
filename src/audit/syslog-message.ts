import type { OutgoingLine } from './mirror.ts'

/** Where syslog messages come from. */
export interface SyslogOrigin {
  /** RFC 5424, table 1. */
  readonly facility: number
  /** Name of this machine. */
  readonly host: string
  readonly version: string
}

/** RFC 5424, table 2. */
const SEVERITY = { warning: 4, informational: 6 } as const
/** RFC 5424, 7.3.1: the numbers begin anew behind it. */
const LARGEST_SEQUENCE_ID = 2_147_483_647
const BOM = '\ufeff'

/**
 * A line of the trail as a syslog message (RFC 5424). The process id is the writer of the chain, the message id the event,
 * the sequence id the number of the line, and the message the line itself or `text`.
 */
export function syslogMessage(
  { writer, written }: OutgoingLine,
  { facility, host, version }: SyslogOrigin,
  text: string = written.line,
): string {
  const { event, at, seq } = written
  const isRefused = 'decision' in event && event.decision === 'deny'
  const priority = facility * 8 + (isRefused ? SEVERITY.warning : SEVERITY.informational)
  const header = [
    `<${priority}>1`,
    new Date(at).toISOString(),
    token(host, 255),
    'sallyport',
    token(writer, 128),
    token(event.event, 32),
  ]
  const data =
    `[origin software="sallyport" swVersion="${parameter(version)}"]` +
    `[meta sequenceId="${((seq - 1) % LARGEST_SEQUENCE_ID) + 1}"]`
  return `${header.join(' ')} ${data} ${BOM}${text}`
}

/** RFC 6587, 3.4.1: octet counting, as RFC 5425 has it over TLS. */
export function syslogFrame(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`
}

/** Printable US-ASCII without spaces; the nil value for nothing. */
function token(text: string, longest: number): string {
  return text.replace(/[^\x21-\x7e]/g, '_').slice(0, longest) || '-'
}

/** RFC 5424, 6.3.3. */
function parameter(text: string): string {
  return text.replace(/["\\\]]/g, String.raw`\$&`)
}
