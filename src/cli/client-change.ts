import { isDeepStrictEqual } from 'node:util'
import { SallyportError } from '../errors.ts'
import type { ClientApplication } from './client-applications.ts'
import { ENTRY_NAME, isOurs } from './client-entry.ts'
import { memberIn, withMember, withoutMember, type JsonPath } from './edit-json.ts'
import { JsonTextError } from './json-text.ts'

/** What is to become of a configuration file. */
export interface ClientChange {
  readonly kind: 'none' | 'add' | 'update' | 'remove'
  /** `undefined`: there is to be no file. */
  readonly after: string | undefined
}

/** A configuration file as it is: its text, and that of the backup beside it. */
export interface ClientFile {
  readonly path: string
  /** `undefined` where there is none. */
  readonly text: string | undefined
  readonly backup: string | undefined
}

/**
 * What puts our entry into a client's configuration.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` if the file cannot be read as JSON, or another's entry has our name
 */
export function setupOf(
  application: ClientApplication,
  { path, text }: ClientFile,
  entry: Readonly<Record<string, unknown>>,
): ClientChange {
  return editing(path, () => {
    const at = pathIn(application)
    const old = memberIn(text ?? '', at)
    if (isDeepStrictEqual(old, entry)) return { kind: 'none', after: text }
    if (old !== undefined && !isOurs(old)) throw foreign(application, path)
    return { kind: old === undefined ? 'add' : 'update', after: withMember(text ?? '', at, entry) }
  })
}

/**
 * What takes our entry out again, and nothing else. Where nothing else has changed since the backup was made, the file
 * becomes what it was, to the byte.
 *
 * @throws SallyportError `CONFIGURATION_INVALID`
 */
export function undoOf(application: ClientApplication, { path, text, backup }: ClientFile): ClientChange {
  return editing(path, () => {
    const at = pathIn(application)
    const old = memberIn(text ?? '', at)
    if (text === undefined || old === undefined) return { kind: 'none', after: text }
    if (!isOurs(old)) throw foreign(application, path)
    if (text === withMember('', at, old)) return { kind: 'remove', after: undefined }
    const isAsBefore = backup !== undefined && madeOf(backup, at, old) === text
    return { kind: 'remove', after: isAsBefore ? backup : withoutMember(text, at) }
  })
}

function pathIn({ section }: ClientApplication): JsonPath {
  return [section, ENTRY_NAME]
}

/** The backup of another time may be anything. */
function madeOf(backup: string, at: JsonPath, entry: unknown): string | undefined {
  try {
    return memberIn(backup, at) === undefined ? withMember(backup, at, entry) : undefined
  } catch {
    return undefined
  }
}

function editing(path: string, work: () => ClientChange): ClientChange {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof JsonTextError)) throw cause
    const message = `${path} cannot be read as JSON (${cause.message}), so it is left as it is: mend it, and try again`
    throw new SallyportError('CONFIGURATION_INVALID', message, { cause })
  }
}

function foreign({ section }: ClientApplication, path: string): SallyportError {
  return new SallyportError(
    'CONFIGURATION_INVALID',
    `${path} has an entry "${ENTRY_NAME}" under "${section}" that is not ours: it is left as it is; rename it there`,
  )
}
