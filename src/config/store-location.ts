/** Where state is kept. The URL of a Redis may hold a password: it is a function, so that nothing prints it. */
export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: 'redis'
      /** The URL without user and password, for messages. */
      readonly display: string
      url(): string
    }

/**
 * Reads `sqlite:PATH`, `redis://…` or `rediss://…`; `undefined` for anything else.
 *
 * @param resolvePath makes a relative path absolute
 */
export function parseStoreLocation(
  text: string,
  resolvePath: (path: string) => string,
): StoreLocation | undefined {
  if (text.startsWith('sqlite:')) return sqlite(text.slice('sqlite:'.length), resolvePath)
  const url = URL.parse(text)
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') return undefined
  // An unescaped "#" in a password would make the part before it look like host and port.
  if (url.hash !== '') return undefined
  const display = `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`
  return Object.freeze({ kind: 'redis', display, url: () => text })
}

function sqlite(path: string, resolvePath: (path: string) => string): StoreLocation | undefined {
  if (path === '' || path.startsWith(':') || path.includes('\0')) return undefined
  return Object.freeze({ kind: 'sqlite', path: resolvePath(path) })
}
