/** The path of an origin-form request target (RFC 9112, section 3.2.1); anything else is no path of ours. */
export function pathOf(target: string | undefined): string {
  return target?.startsWith('/') === true ? (target.split('?', 1)[0] ?? '') : ''
}
