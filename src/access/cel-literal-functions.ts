import { isZone, NOW_PARTS, partsOf, TIMESTAMP_PARTS } from './cel-calendar.ts'
import { spend, spendText, TOO_MUCH } from './cel-budget.ts'
import type { Budget } from './cel-budget.ts'
import { failed, typeOf } from './cel-value.ts'
import type { Outcome, Value } from './cel-value.ts'
import { parseNetwork } from './cidr.ts'
import { compileGlob, globProblem } from './glob.ts'
import { compileLinear } from './linear-expression.ts'
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
  // Four instructions on one character for a step: the slowest of RE2JS stays within 50 ms for the whole budget.
  const cost = (text: string): number => 1 + Math.ceil((text.length * expression.size) / 4)
  return {
    apply: onText('matches', (budget, text) =>
      spend(budget, cost(text)) ? expression.test(text) : TOO_MUCH,
    ),
  }
}

function within(root: string): ReturnType<LiteralFunction> {
  const problem = rootProblem(root)
  if (problem !== undefined) return { problem }
  const isWithin = withinDirectory(root)
  return {
    apply: onText('within', (budget, path) =>
      spendText(budget, Math.min(path.length, 65_536)) ? isWithin(path) : TOO_MUCH,
    ),
  }
}

function cidr(net: string): ReturnType<LiteralFunction> {
  const network = parseNetwork(net)
  if ('problem' in network) return network
  return {
    apply: onText('cidr', (_budget, ip) => network.has(ip) ?? failed('cidr: it is not an IP address')),
  }
}

function glob(pattern: string): ReturnType<LiteralFunction> {
  const problem = globProblem(pattern)
  if (problem !== undefined) return { problem }
  const fits = compileGlob(pattern)
  const stars = pattern.split('*').length
  return {
    apply: onText('glob', (budget, text) =>
      spendText(budget, text.length * stars * 4) ? fits(text) : TOO_MUCH,
    ),
  }
}

function inZone(name: string, read: (parts: ReturnType<typeof partsOf>) => Outcome): LiteralFunction {
  return (zone) => {
    if (!isZone(zone)) return { problem: 'is not a time zone, as in "Europe/Berlin" or "UTC"' }
    return {
      apply: (_budget, value) =>
        typeof value === 'object' && value !== null && value.kind === 'timestamp'
          ? read(partsOf(value, zone))
          : failed(`${name} needs a time, and this is ${typeOf(value)}`),
    }
  }
}

function onText(name: string, apply: (budget: Budget, text: string) => Outcome): Applied {
  return (budget, value) =>
    typeof value === 'string'
      ? apply(budget, value)
      : failed(`${name} needs a string, and this is ${typeOf(value)}`)
}
