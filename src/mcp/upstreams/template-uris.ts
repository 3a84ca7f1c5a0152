import { uriGlob } from '../../access/uri-glob.ts'
import { percentDecoded } from '../../access/uri-spellings.ts'

/** Expressions of a template (RFC 6570): the operators after which slashes are not encoded, and lists. */
const EXPRESSION = /\{(?<many>[+#/;?&]?)[^}]*?(?<list>\*?)\}/g
/** Scheme and authority (RFC 3986, 3). */
const BEGIN = /^[A-Za-z][A-Za-z0-9+.-]*:(?:\/\/[^/?#]*)?/
/** Templates with more are taken to be of everything that begins as they do. */
const LONGEST = 200

/**
 * Whether scheme and authority stand as programs make them of what they read (RFC 3986, 6.2.2.1, and the URL Standard):
 * `FILE:///a` and `file:/a` are `file:///a` for most servers, and no rule about that one would fit them.
 */
export function isWrittenPlainly(uri: string): boolean {
  const read = URL.parse(uri)
  return read === null || beginOf(uri) === beginOf(read.href)
}

function beginOf(uri: string): string {
  return percentDecoded(BEGIN.exec(uri)?.[0] ?? '')
}

/**
 * Which URIs are of one of these templates, or would be by another spelling. Not all of RFC 6570: an expression stands
 * for any text, so that rather too much is of a template than too little.
 */
export function urisOfTemplates(templates: readonly string[]): (own: string) => boolean {
  const globs = templates.map((template) => uriGlob(globOf(template)))
  return (own) => globs.some((fits) => fits(own) !== false)
}

/** What stands for itself in a template may be a star; it then stands for more. */
function globOf(template: string): string {
  const glob = template
    .replaceAll(EXPRESSION, (_, many: string, list: string) => (many + list === '' ? '*' : '**'))
    .replaceAll(/\*{3,}/g, '**')
  return glob.length <= LONGEST ? glob : `${glob.slice(0, LONGEST).replace(/\*+$/, '')}**`
}
