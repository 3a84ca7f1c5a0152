import { compileGlob, type Glob } from './glob.ts'
import { percentDecoded, plainUri } from './uri-spellings.ts'

/** A pattern of URIs, any of which is enough: it may be percent-encoded as well. */
export function uriGlobs(pattern: string): readonly Glob[] {
  return [...new Set([pattern, percentDecoded(pattern)])].map(compileGlob)
}

/**
 * Makes a pattern of URIs that is asked both ways, what it means and what it does not.
 *
 * Fails closed: `undefined` for a URI that fits or not, by whether who serves it resolves dots and slashes.
 */
export function uriGlob(pattern: string): (uri: string) => boolean | undefined {
  const globs = uriGlobs(pattern)
  const fits = (uri: string): boolean => globs.some((glob) => glob(uri))
  return (uri) => {
    const isMeant = fits(uri) || fits(percentDecoded(uri))
    return isMeant === fits(plainUri(uri)) ? isMeant : undefined
  }
}
