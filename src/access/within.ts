/** Most characters of a path (`PATH_MAX` of Linux). */
const LONGEST = 4096
/** What a program behind us may read as another character: NUL and other controls, "\", and anything percent-encoded. */
// oxlint-disable-next-line no-control-regex -- controls are what it looks for
const AMBIGUOUS = /[\u0000-\u001f\u007f\\]|%(?:u[0-9a-f]{2}|[0-9a-f]{2})/i
/**
 * Characters that look like a dot, a slash or a backslash and stay what they are in NFKC; and the signs of yen and won,
 * which are backslashes to programs of some languages.
 */
const ALIKE = /[\u00a5\u20a9\u2044\u2215\u2216\u2571\u2572\u29f5\u29f8\u29f9\u3002\uff61]/
/** A segment of dots, and of what somebody may take away so that dots are left: "..", two spaces and the like. */
const DOTS = /^(?=.*[\s\p{Cf}])[.\s\p{Cf}]+$/u
/** Text that is no plain ASCII. */
// oxlint-disable-next-line no-control-regex -- all of ASCII
const FOREIGN = /[^\u0000-\u007f]+/g
const SPECIAL = /[./\\%~]/

/** What is wrong with the root of a `within`, as the end of a sentence; `undefined` where nothing is. */
export function rootProblem(root: string): string | undefined {
  if (!root.startsWith('/')) return 'must be an absolute path: it begins with "/"'
  if (isAmbiguous(root))
    return 'must be a plain path, without controls, "\\", "%", a segment "~", or look-alikes of "." and "/"'
  const segments = root.split('/').slice(1, root.length > 1 && root.endsWith('/') ? -1 : undefined)
  const odd =
    root !== '/' && segments.some((segment) => segment === '' || segment === '.' || segment === '..')
  return odd ? 'must be written without "//", "/./" and "/../"' : undefined
}

/**
 * Makes the test whether a path lies in a directory or is it. POSIX paths, compared as texts after "." and "..",
 * doubled slashes and a slash at the end are taken away: nobody looks at the disk, so a symbolic link inside of the
 * directory leads where it leads.
 *
 * Fails closed: `undefined` for what a program might read as another path than we do, so that neither `within(...)` nor
 * `!within(...)` is passed by it. That is a relative path, one with a NUL, another control or a "\", one with "%" and two
 * hexadecimal digits (`%2e`, `%252f`), one with characters that look like a dot or a slash, or with dots and blanks
 * alone between two slashes, one with a segment that begins with "~", and one longer than 4,096 characters.
 *
 * @param root an absolute path without a {@link rootProblem}
 */
export function withinDirectory(root: string): (path: string) => boolean | undefined {
  const directory = normalise(root)
  const inside = directory === '/' ? '/' : `${directory}/`
  return (path) => {
    if (path.length > LONGEST || !path.startsWith('/') || isAmbiguous(path)) return undefined
    const normal = normalise(path)
    return normal === directory || normal.startsWith(inside)
  }
}

function isAmbiguous(path: string): boolean {
  if (AMBIGUOUS.test(path) || path.includes('/~')) return true
  if (path.split('/').some((segment) => DOTS.test(segment))) return true
  const foreign = path.match(FOREIGN)?.join('')
  return foreign !== undefined && (ALIKE.test(foreign) || SPECIAL.test(foreign.normalize('NFKC')))
}

/** As RFC 3986, 5.2.4 does it: above the root there is the root. */
function normalise(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}
