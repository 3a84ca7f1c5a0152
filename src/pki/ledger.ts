import { X509Certificate as NodeCertificate } from 'node:crypto'
import { constants } from 'node:fs'
import { access, open, readFile } from 'node:fs/promises'
import { errnoOf, SallyportError } from '../errors.ts'
import { ceilingOf } from './ceiling.ts'
import { thumbprintOf, serialText } from './certify.ts'
import { withFileLock } from './file-lock.ts'
import { parseLedgerLine, type IssuedKind, type LedgerEntry, type LedgerEvent } from './ledger-event.ts'
import { foldLedger, type LedgerState } from './ledger-state.ts'
import { unwritable } from './unwritable.ts'
import { SubjectAlternativeNameExtension, type X509Certificate } from './x509.ts'

/**
 * What ends a line that a crash cut short. No entry ends like this, so that such a line is told from one that was
 * damaged later; and it may itself be cut short and be written again.
 */
const TORN = ' #torn'

/** What is known under the lock, and the one way to add to it. */
export interface LockedLedger {
  /** What the ledger says now, with what was appended here. */
  state(): LedgerState
  /** Adds events in one write; resolves once they are on disk. Only then may what they say leave. */
  append(...events: readonly LedgerEvent[]): Promise<void>
}

/**
 * The entry of a certificate that begins a line of its own, read from the certificate itself.
 *
 * @param now ms since the epoch
 */
export function ledgerEntry(kind: IssuedKind, certificate: X509Certificate, now: number): LedgerEntry {
  const serial = serialText(certificate.serialNumber)
  const at = new Date(now).toISOString()
  const ceiling = ceilingOf(new NodeCertificate(Buffer.from(certificate.rawData)))
  return {
    v: 2,
    event: 'issued',
    at,
    kind,
    serial,
    names: subjectNames(certificate),
    thumbprint: thumbprintOf(certificate),
    notAfter: certificate.notAfter.toISOString(),
    lineage: serial,
    lineageStartedAt: at,
    ...(ceiling === undefined ? {} : { ceiling }),
  }
}

/** An event as its line. */
export function ledgerLine(event: LedgerEvent): string {
  return `${JSON.stringify(event)}\n`
}

/**
 * Reads what a ledger says. A last line that was cut short was never acknowledged and is passed over, and so is one that
 * was closed as such. One that lacks only its line break counts: an editor may have taken that away.
 *
 * Fails closed: any other line that cannot be read is an error, since it may be a revocation.
 *
 * @throws SallyportError `NOT_FOUND`, or `CERTIFICATE_INVALID` naming the line
 */
export async function readLedger(path: string): Promise<LedgerState> {
  return foldLedger(eventsOf(await textOf(path), path))
}

/**
 * Reads the ledger, decides and appends, while nobody else does.
 *
 * @throws SallyportError as {@link readLedger}, `TOO_BUSY`, `STORE_UNAVAILABLE` if it cannot be written, and what `work`
 *   throws
 */
export async function withLedger<T>(path: string, work: (ledger: LockedLedger) => Promise<T>): Promise<T> {
  // Before the lock: where there is no CA, there is no folder for a lock either.
  await access(path).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  return await withFileLock(path, async () => {
    const text = await textOf(path)
    let state = foldLedger(eventsOf(text, path))
    let closing = closingOf(text.slice(text.lastIndexOf('\n') + 1))
    return await work({
      state: () => state,
      append: async (...events) => {
        await append(path, closing + events.map(ledgerLine).join(''))
        closing = ''
        state = foldLedger(events, state)
      },
    })
  })
}

/**
 * Appends one event; resolves once it is on disk. A ledger that is gone or damaged is not begun anew.
 *
 * @throws SallyportError as {@link withLedger}
 */
export async function appendToLedger(path: string, event: LedgerEvent): Promise<void> {
  await withLedger(path, async (ledger) => await ledger.append(event))
}

/** Under the lock. A write that fails half way is taken back, or closed as torn by the next one. */
async function append(path: string, lines: string): Promise<void> {
  await written(path, lines).catch((cause: unknown) => {
    throw unwritable(path, cause)
  })
}

async function written(path: string, lines: string): Promise<void> {
  await using file = await open(path, constants.O_RDWR | constants.O_APPEND)
  const { size } = await file.stat()
  try {
    await file.appendFile(lines)
    await file.sync()
  } catch (error) {
    await file.truncate(size).catch(() => undefined)
    throw error
  }
}

/** What ends a last line that was not ended. */
function closingOf(last: string): string {
  if (last === '') return ''
  return parseLedgerLine(last) === undefined ? `${TORN}\n` : '\n'
}

async function textOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
}

function unreadable(path: string, cause: unknown): SallyportError {
  const code = errnoOf(cause)
  const help = code === 'ENOENT' ? 'is the CA made yet (npm run init-ca)?' : 'check its rights'
  return new SallyportError('NOT_FOUND', `the ledger ${path} cannot be read (${code}): ${help}`, { cause })
}

function eventsOf(text: string, path: string): readonly LedgerEvent[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    if (line.endsWith(TORN)) return []
    const event = parseLedgerLine(line)
    if (event !== undefined) return [event]
    if (index === lines.length - 1) return []
    throw new SallyportError(
      'CERTIFICATE_INVALID',
      `${path}: line ${index + 1} is damaged, or of a newer version: nothing is issued or revoked while it may be a ` +
        `revocation. Put the line back from a copy; if a crash cut it short, end it with "${TORN}"`,
    )
  })
}

function subjectNames(certificate: X509Certificate): readonly string[] {
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? []
  return names.map(({ value }) => value)
}
