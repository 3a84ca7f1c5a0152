import { readFileSync } from 'node:fs'
import { errnoOf, SallyportError } from '../errors.ts'
import { variable } from './environment.ts'
import type { Environment } from './environment.ts'
import type { StoreLocation } from './store-location.ts'

/** Fewer characters than this are no secret. */
const LEAST = 32
const MAKE_ONE = 'export SALLYPORT_SESSION_SECRET="$(openssl rand -base64 48)"'

/** Where the session secrets come from, or why from nowhere. */
export interface SessionSecrets {
  /** The file that `init` makes; null when the environment brings them. */
  readonly file: string | null
  readonly faults: readonly string[]
  /** Newest first. Throws `CONFIGURATION_INVALID` while the file that `init` makes is missing or unfit. */
  readonly read: () => readonly string[]
}

/**
 * Finds the session secrets: `SALLYPORT_SESSION_SECRET`, else the file named by `SALLYPORT_SESSION_SECRET_FILE`, else,
 * with an embedded store only, the file that `init` makes. Several nodes must share them, so that a Redis store
 * without either variable is a fault for whoever asks for them: a secret of each node's own would end sessions at
 * random. Commands that need none work without, revocation above all.
 *
 * @param secretFile absolute path of the file that `init` makes
 */
export function sessionSecrets(
  environment: Environment,
  store: StoreLocation | undefined,
  secretFile: string,
  resolvePath: (path: string) => string,
): SessionSecrets {
  const inline = variable(environment, 'SALLYPORT_SESSION_SECRET')
  if (inline !== undefined) return fixed(inline, 'SALLYPORT_SESSION_SECRET')
  const named = variable(environment, 'SALLYPORT_SESSION_SECRET_FILE')
  if (named !== undefined) return fromNamedFile(resolvePath(named))
  if (store?.kind === 'redis') {
    const fault = `the store ${store.display} is shared by several nodes, which must share the session secret too: set it on each of them, as in ${MAKE_ONE} on the first`
    return { ...failed([fault]), faults: [] }
  }
  return { file: secretFile, faults: [], read: () => fromOwnFile(secretFile) }
}

function fixed(text: string, origin: string): SessionSecrets {
  const secrets = Object.freeze(split(text))
  const fault = faultIn(secrets, origin)
  return fault === undefined ? { file: null, faults: [], read: () => secrets } : failed([fault])
}

function fromNamedFile(path: string): SessionSecrets {
  try {
    return fixed(readFileSync(path, 'utf8'), path)
  } catch (error) {
    return failed([
      `SALLYPORT_SESSION_SECRET_FILE: ${path} cannot be read (${errnoOf(error)}): check path and rights`,
    ])
  }
}

function fromOwnFile(path: string): readonly string[] {
  const secrets = fixed(contentOf(path), path)
  if (secrets.faults.length > 0) throw new SallyportError('CONFIGURATION_INVALID', secrets.faults.join('\n'))
  return secrets.read()
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new SallyportError(
      'CONFIGURATION_INVALID',
      `the session secret ${path} cannot be read (${errnoOf(cause)}): check its rights, or "npx sallyport init" makes it where it is missing`,
      { cause },
    )
  }
}

function failed(faults: readonly string[]): SessionSecrets {
  return {
    file: null,
    faults,
    read: () => {
      throw new SallyportError('CONFIGURATION_INVALID', faults.join('\n'))
    },
  }
}

/** Commas and line breaks separate; base64 has neither. */
function split(text: string): string[] {
  return text
    .split(/[,\r\n]+/)
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '')
}

function faultIn(secrets: readonly string[], origin: string): string | undefined {
  if (secrets.length === 0) return `${origin}: there is no session secret in it: ${MAKE_ONE}`
  if (secrets.some((secret) => secret.length < LEAST))
    return `${origin}: a session secret is shorter than ${LEAST} characters: make one as in ${MAKE_ONE}`
  return undefined
}
