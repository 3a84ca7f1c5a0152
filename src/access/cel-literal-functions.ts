import { isZone, NOW_PARTS, partsOf, TIMESTAMP_PARTS } from './cel-calendar.ts'
import { spend, TOO_MUCH } from './cel-budget.ts'
import type { Budget } from './cel-budget.ts'
import { failed, typeOf } from './cel-value.ts'
import type { Outcome, Value } from './cel-value.ts'
import { parseNetwork } from './cidr.ts'
import { compileGlob, globProblem } from './glob.ts'
import { compileLinear } from './linear-expression.ts'
import { uriGlob } from './uri-glob.ts'
import { rootProblem, withinDirectory } from './within.ts'

/** What a function does with its first value, once its last argument was read. */
type Applied = (budget: Budget, subject: Value) => Outcome

/** A function whose last argument must be a text written out, or what is wrong with that text. */
export type LiteralFunction = (literal: string) => { readonly problem: string } | { readonly apply: Applied }

/**
 * Functions whose last argument is read when the policy is loaded, so that a mistake in it is a fault of the file and
 * no error of a call: patterns, networks, directories, time zones.
 */
export const LITERAL_FUNCTIONS: ReadonlyMap<string, LiteralFunction> = new Map<string, LiteralFunction>([
  ['matches', matches],
  ['within', within],
  ['cidr', cidr],
  ['glob', glob],
  ...[...NOW_PARTS].map(([name, read]): [string, LiteralFunction] => [name, inZone(name, read)]),
  ...[...TIMESTAMP_PARTS].map(([name, read]): [string, LiteralFunction] => [name, inZone(name, read)]),
])

function matches(pattern: string): ReturnType<LiteralFunction> {
  const expression = compileLinear(pattern)
  if ('problem' in expression) return expression
  const { size, test } = expression
  // At worst RE2JS takes some 100 ns for each instruction on each character.
  return { apply: onText('matches', (text) => (text.length * size) / 4, test) }
}

function within(root: string): ReturnType<LiteralFunction> {
  const problem = rootProblem(root)
  if (problem !== undefined) return { problem }
  const isInside = withinDirectory(root)
  const apply = (path: string): Outcome =>
    isInside(path) ?? failed('within: it is not a plain absolute path, and may be read as another')
  // Unicode can take a quarter of a microsecond for each character; longer paths are not looked at.
  return { apply: onText('within', (path) => Math.min(path.length, 4096), apply) }
}

function cidr(net: string): ReturnType<LiteralFunction> {
  const network = parseNetwork(net)
  if ('problem' in network) return network
  const has = (ip: string): Outcome => network.has(ip) ?? failed('cidr: it is not an IP address')
  return { apply: onText('cidr', () => 10, has) }
}

function glob(pattern: string): ReturnType<LiteralFunction> {
  const problem = globProblem(pattern)
  if (problem !== undefined) return { problem }
  return { apply: onText('glob', (text) => (text.length * pattern.length) / 8, compileGlob(pattern)) }
}

/** As `glob`, of what is a URI, or the name of a tool or prompt, which has one spelling. */
export const globOfUri: LiteralFunction = (pattern) => {
  const problem = globProblem(pattern)
  if (problem !== undefined) return { problem }
  const fits = uriGlob(pattern)
  const apply = (uri: string): Outcome =>
    fits(uri) ?? failed('glob: the URI has dots or slashes that lead elsewhere')
  return { apply: onText('glob', (uri) => uri.length * pattern.length, apply) }
}

function inZone(name: string, read: (parts: ReturnType<typeof partsOf>) => Outcome): LiteralFunction {
  return (zone) => {
    if (!isZone(zone)) return { problem: 'is not a time zone, as in "Europe/Berlin" or "UTC"' }
    return {
      apply: (budget, value) => {
        if (!spend(budget, 50)) return TOO_MUCH
        const isTime = typeof value === 'object' && value !== null && value.kind === 'timestamp'
        return isTime
          ? read(partsOf(value, zone))
          : failed(`${name} needs a time, and this is ${typeOf(value)}`)
      },
    }
  }
}

/** A function of one text, charged by what it may cost at worst before it runs. */
function onText(name: string, cost: (text: string) => number, apply: (text: string) => Outcome): Applied {
  return (budget, value) => {
    if (typeof value !== 'string') return failed(`${name} needs a string, and this is ${typeOf(value)}`)
    return spend(budget, 1 + cost(value)) ? apply(value) : TOO_MUCH
  }
}
