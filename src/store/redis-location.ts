import { SallyportError } from '../errors.ts'

/** A host to connect to. */
export interface RedisHost {
  readonly host: string
  readonly port: number
}

/** Where Redis is, and as whom to go there. */
export interface RedisLocation {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  /** Of Redis, of its sentinels, or of some nodes of its cluster: one at least. */
  readonly hosts: readonly RedisHost[]
  readonly isSecure: boolean
  readonly username?: string
  readonly password?: string
  /** How the sentinels call the master; empty without sentinels. */
  readonly master: string
  readonly database: number
  /** For messages: without user and password. */
  readonly where: string
}

const FORM = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/?#\s]*)@)?([^@/?#\s]+)(?:\/([^?#\s]*))?$/
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?$/

/** What may stand behind the hosts. */
const PATHS = {
  single: /^()([0-9]{0,4})$/,
  sentinel: /^([A-Za-z0-9._-]+)(?:\/([0-9]{0,4}))?$/,
  cluster: /^()(0?)$/,
} as const

/**
 * Reads a location ourselves: ioredis would take options out of a query, ours among them.
 *
 * @throws SallyportError `CONFIGURATION_INVALID`, which repeats nothing of it
 */
export function redisLocation(text: string): RedisLocation {
  const [, scheme, kind = 'single', user = '', authority = '', path = ''] = FORM.exec(text) ?? []
  if (scheme === undefined || !isKind(kind)) throw malformed()
  const hosts = authority.split(',').map((part) => hostIn(part, kind === 'sentinel' ? 26_379 : 6379))
  const [, master = '', database = ''] = PATHS[kind].exec(path) ?? [undefined, undefined, undefined]
  if (!PATHS[kind].test(path) || (kind === 'single' && hosts.length > 1)) throw malformed()
  return {
    kind,
    hosts,
    isSecure: scheme === 'rediss',
    ...credentialsIn(user),
    master,
    database: Number(database),
    where: whereIs(kind, hosts, master),
  }
}

function isKind(kind: string): kind is RedisLocation['kind'] {
  return Object.hasOwn(PATHS, kind)
}

function hostIn(text: string, usual: number): RedisHost {
  const [, address, name = address, digits] = HOST.exec(text) ?? []
  const port = Number(digits ?? usual)
  if (name === undefined || port < 1 || port > 65_535) throw malformed()
  return { host: name, port }
}

function credentialsIn(text: string): { readonly username?: string; readonly password?: string } {
  const [user = '', ...rest] = text.split(':')
  const [username, password] = [decoded(user), decoded(rest.join(':'))]
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) }
}

function whereIs(kind: RedisLocation['kind'], hosts: readonly RedisHost[], master: string): string {
  const names = hosts.map(({ host, port }) => `${host}:${port}`).join(', ')
  if (kind === 'single') return `Redis at ${names}`
  return kind === 'cluster' ? `Redis Cluster at ${names}` : `Redis "${master}" of the sentinels at ${names}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed()
  }
}

function malformed(): SallyportError {
  return new SallyportError(
    'CONFIGURATION_INVALID',
    'the location of Redis must be redis://[user[:password]@]host[:port][/database], ' +
      'redis+sentinel://[user[:password]@]host[:port],…/master[/database] or ' +
      'redis+cluster://[user[:password]@]host[:port],…; with rediss for TLS; ' +
      'special characters of user and password are percent-encoded',
  )
}
