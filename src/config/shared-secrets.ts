import { readFileSync } from 'node:fs'
import { errnoOf, SallyportError } from '../errors.ts'
import { variable } from './environment.ts'
import type { Environment } from './environment.ts'
import type { StoreLocation } from './store-location.ts'

/** Fewer characters than this are no secret. */
const LEAST = 32

/** A list of secrets, and where it is looked for. */
export interface SecretKind {
  /** What it is called, as in "session secret". */
  readonly what: string
  /** The variable that holds it; with `_FILE` behind it, the one that names its file. */
  readonly variable:
    | 'SALLYPORT_SESSION_SECRET'
    | 'SALLYPORT_FACTOR_KEY'
    | 'SALLYPORT_AUDIT_KEY'
    | 'SALLYPORT_IDENTITY_KEY'
  /** Whether several nodes must be told it: without a variable, a store that several share is a fault. */
  readonly isNeededWithRedis: boolean
}

/** Seals session records and signs cookies. A node with one of its own would end sessions at random. */
export const SESSION_SECRET: SecretKind = {
  what: 'session secret',
  variable: 'SALLYPORT_SESSION_SECRET',
  isNeededWithRedis: true,
}

/** Seals what users log in by. A node with another one cannot open any of it, and does not start. */
export const FACTOR_KEY: SecretKind = {
  what: 'factor key',
  variable: 'SALLYPORT_FACTOR_KEY',
  isNeededWithRedis: false,
}

/** Keys the digests of arguments in the audit trail. With one of its own a node makes other digests of equal arguments. */
export const AUDIT_KEY: SecretKind = {
  what: 'audit key',
  variable: 'SALLYPORT_AUDIT_KEY',
  isNeededWithRedis: false,
}

/** Signs what upstreams are told of who calls. What a node signs with one of its own the others do not publish. */
export const IDENTITY_KEY: SecretKind = {
  what: 'identity key',
  variable: 'SALLYPORT_IDENTITY_KEY',
  isNeededWithRedis: false,
}

/** Where secrets of one kind come from, or why from nowhere. */
export interface SharedSecrets {
  /** The file that `init` makes; null when the environment brings them. */
  readonly file: string | null
  readonly faults: readonly string[]
  /** Newest first. Throws `CONFIGURATION_INVALID` while the file that `init` makes is missing or unfit. */
  readonly read: () => readonly string[]
}

/**
 * Finds the secrets of a kind: in its variable (`SALLYPORT_SESSION_SECRET`), else in the file that the variable with
 * `_FILE` names, else in the file that `init` makes. Commands that need none work without, revocation above all.
 *
 * @param ownFile absolute path of the file that `init` makes
 */
export function sharedSecrets(
  kind: SecretKind,
  environment: Environment,
  store: StoreLocation | undefined,
  ownFile: string,
  resolvePath: (path: string) => string,
): SharedSecrets {
  const inline = variable(environment, kind.variable)
  if (inline !== undefined) return fixed(kind, inline, kind.variable)
  const named = variable(environment, `${kind.variable}_FILE`)
  if (named !== undefined) return fromNamedFile(kind, resolvePath(named))
  if (store?.kind === 'redis' && kind.isNeededWithRedis) {
    const fault = `the store ${store.display} is shared by several nodes, which must share the ${kind.what} too: set it on each of them, as in ${makeOne(kind)} on the first`
    return { ...failed([fault]), faults: [] }
  }
  return { file: ownFile, faults: [], read: () => fromOwnFile(kind, ownFile) }
}

function makeOne({ variable: name }: SecretKind): string {
  return `export ${name}="$(openssl rand -base64 48)"`
}

function fixed(kind: SecretKind, text: string, origin: string): SharedSecrets {
  const secrets = Object.freeze(split(text))
  const fault = faultIn(kind, secrets, origin)
  return fault === undefined ? { file: null, faults: [], read: () => secrets } : failed([fault])
}

function fromNamedFile(kind: SecretKind, path: string): SharedSecrets {
  try {
    return fixed(kind, readFileSync(path, 'utf8'), path)
  } catch (error) {
    return failed([
      `${kind.variable}_FILE: ${path} cannot be read (${errnoOf(error)}): check path and rights`,
    ])
  }
}

function fromOwnFile(kind: SecretKind, path: string): readonly string[] {
  const secrets = fixed(kind, contentOf(kind, path), path)
  if (secrets.faults.length > 0) throw new SallyportError('CONFIGURATION_INVALID', secrets.faults.join('\n'))
  return secrets.read()
}

function contentOf({ what }: SecretKind, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new SallyportError(
      'CONFIGURATION_INVALID',
      `the ${what} ${path} cannot be read (${errnoOf(cause)}): check its rights, or "npx sallyport init" makes it where it is missing`,
      { cause },
    )
  }
}

function failed(faults: readonly string[]): SharedSecrets {
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

function faultIn(kind: SecretKind, secrets: readonly string[], origin: string): string | undefined {
  if (secrets.length === 0) return `${origin}: there is no ${kind.what} in it: ${makeOne(kind)}`
  if (secrets.some((secret) => secret.length < LEAST))
    return `${origin}: ${/^[aeiou]/.test(kind.what) ? 'an' : 'a'} ${kind.what} is shorter than ${LEAST} characters: make one as in ${makeOne(kind)}`
  return undefined
}
