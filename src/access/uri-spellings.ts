/**
 * The ways to write a URI that lead to the same resource: as it stands, percent-decoded (RFC 3986, 2.4), and without
 * dot segments (5.2.4). What serves it may decode and resolve; a pattern that means one spelling means all of them.
 */
export function uriSpellings(uri: string): readonly string[] {
  if (!uri.includes('%') && !/\/\.\.?(?:\/|$)/.test(uri)) return [uri]
  const decoded = percentDecoded(uri)
  return [...new Set([uri, decoded, withoutDots(uri), withoutDots(decoded)])]
}

/** As it stands where it is not well encoded. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Behind scheme and authority, which no dots lead out of. */
function withoutDots(uri: string): string {
  const [start = ''] = /^[^/]*(?:\/\/[^/]*)?/.exec(uri) ?? []
  const segments = uri.slice(start.length).split('/')
  const path: string[] = []
  for (const segment of segments) {
    if (segment === '..') path.pop()
    else if (segment !== '.') path.push(segment)
    if (path.length === 0) path.push('')
  }
  const isDirectory = ['.', '..'].includes(segments.at(-1) ?? '')
  return `${start}${path.join('/')}${isDirectory ? '/' : ''}`
}
