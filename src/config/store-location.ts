/** Where state is kept. The URL of a Redis may hold a password: it is a function, so that nothing prints it. */
export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: 'redis'
      /** The URL without user and password, for messages. */
      readonly display: string
      url(): string
    }

/** Some hosts, then what is behind them. An unescaped "@", "/" or "#" in a password would look like part of them. */
const REDIS =
  /^(rediss?(?:\+(?:sentinel|cluster))?:\/\/)(?:[^@/?#\s]*@)?([^@/?#\s]+)((?:\/[A-Za-z0-9._-]*(?:\/[0-9]{0,4})?)?)$/
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?$/

/**
 * Reads `sqlite:PATH`, `redis://…`, `redis+sentinel://…` or `redis+cluster://…` (with `rediss` for TLS); `undefined`
 * for anything else.
 *
 * @param resolvePath makes a relative path absolute
 */
export function parseStoreLocation(
  text: string,
  resolvePath: (path: string) => string,
): StoreLocation | undefined {
  if (text.startsWith('sqlite:')) return sqlite(text.slice('sqlite:'.length), resolvePath)
  const [, scheme, hosts = '', path = ''] = REDIS.exec(text) ?? []
  if (scheme === undefined || !hosts.split(',').every((host) => HOST.test(host))) return undefined
  return Object.freeze({
    kind: 'redis',
    display: scheme + hosts + (path === '/' ? '' : path),
    url: () => text,
  })
}

function sqlite(path: string, resolvePath: (path: string) => string): StoreLocation | undefined {
  if (path === '' || path.startsWith(':') || path.includes('\0')) return undefined
  return Object.freeze({ kind: 'sqlite', path: resolvePath(path) })
}
