/**
 * The ways to write a URI that lead to the same resource: as it stands, percent-decoded (RFC 3986, 2.4), without dot
 * segments (5.2.4), and as {@link plainUri}. What serves it may decode and resolve; a pattern that means one spelling
 * means all of them.
 */
export function uriSpellings(uri: string): readonly string[] {
  if (isPlain(uri)) return [uri]
  const decoded = percentDecoded(uri)
  return [...new Set([uri, decoded, withoutDots(uri), withoutDots(decoded), plainUri(uri)])]
}

/**
 * As a file system reads it: percent-decoded, "\\" as "/", doubled slashes as one, without dot segments. What looks like
 * the "//" of a URI in the URI stays.
 */
export function plainUri(uri: string): string {
  if (isPlain(uri)) return uri
  const slashed = percentDecoded(uri).replaceAll('\\', '/')
  return withoutDots(slashed.replaceAll(/(?<=:\/\/)\/{2,}|(?<![:/])\/{2,}/g, '/'))
}

function isPlain(uri: string): boolean {
  return !/[%\\]|\/\.\.?(?:\/|$)|(?<![:/])\/\/|:\/{4}/.test(uri)
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
