import { headerText } from './headers.ts'
import { textOf, valueAt, type Declared } from './parameters.ts'

/** Numbers are compared as numbers: `42.0` is `42`. */
const DECIMAL = /^-?\d+(?:\.\d+)?$/

/**
 * Why a call is refused that does not repeat its arguments in `Mcp-Param-*` headers as its tool wants them (MCP
 * 2026-07-28, Streamable HTTP): one is missing, says something else, or is malformed; `undefined` where all is well.
 * No value is in it.
 *
 * @param headerOf a header's value, `null` without one
 */
export function parameterMismatch(
  declared: readonly Declared[],
  args: Readonly<Record<string, unknown>>,
  headerOf: (name: string) => string | null,
): string | undefined {
  for (const { path, header } of declared) {
    const name = `Mcp-Param-${header}`
    const given = headerOf(name)
    const said = given === null ? undefined : headerText(given)
    if (given !== null && said === undefined) return `the header ${name} is malformed`
    const value = valueAt(args, path)
    const text = textOf(value)
    if (text === undefined) continue
    if (said === undefined)
      return `the argument ${path.join('.')} is there, and the header ${name} is missing`
    const isSame = typeof value === 'number' && DECIMAL.test(said) ? Number(said) === value : said === text
    if (!isSame) return `the header ${name} differs from the argument ${path.join('.')}`
  }
  return undefined
}
