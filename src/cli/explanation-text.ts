import { stdout } from 'node:process'
import { styleText } from 'node:util'
import { UNKNOWN, type AccessRequest, type Arguments, type LimitUse } from '../access/decision.ts'
import type { ConditionExplained, Explanation, GrantExplained, RuleExplained } from '../access/explanation.ts'
import { headlineOf, reasonText } from './access-verdict.ts'
import { proofLines } from './proof-lines.ts'
import type { SupposedCaller } from './supposed-caller.ts'
import { visibleLine } from './visible.ts'

/** A decision, and what was asked by whom. */
export interface Explained {
  readonly explanation: Explanation
  readonly request: AccessRequest
  readonly args: Arguments
  readonly caller: SupposedCaller
  /** Ms since the epoch. */
  readonly at: number
  /** The file of the policy, as people write it. */
  readonly file: string
}

/** Longer arguments are cut: the conditions below show what counted of them. */
const LONGEST_ARGUMENTS = 300
const MARGIN = 13
const STATE = 16

/** Everything that led to a decision, for people: the answer first, what would change it last. */
export function explanationLines(explained: Explained): readonly string[] {
  const { explanation, request, args, caller, at, file } = explained
  const { decision, because, permission, grants, rules, limits, nearest, policy } = explanation
  const lines = [
    '',
    ...section('caller', proofLines(caller, explanation.roles, at)),
    ...section('asked', [`${request.action} ${request.resource}`, ...argumentLines(args)]),
    ...section('at', [new Date(at).toISOString()]),
    ...section('policy', [`${file} ${policy}`]),
    '',
    ...section('permission', [permissionLine(permission)]),
    ...section('grants', grants.length === 0 ? ['none names this caller'] : grants.flatMap(grantLines)),
    ...section('rules', rules.length === 0 ? ['none concerns this'] : rules.flatMap(ruleLines)),
    ...section('limits', limits.map(limitLine)),
    ...section(
      'in shadow',
      decision.shadow.map((rule) => `${rule} would have changed the answer`),
    ),
    ...section(
      'to allow it',
      nearest.map(({ sentence }) => `- ${sentence}`),
    ),
    ...section('note', unsaidLines(explained)),
  ]
  return [`${headline(explained)}  ${visibleLine(reasonText(because))}`, ...lines.map(visibleLine)]
}

function headline({ explanation: { decision }, request }: Explained): string {
  const words = headlineOf(decision, request.action)
  const colour = decision.kind === 'allow' ? 'green' : decision.kind === 'deny' ? 'red' : 'yellow'
  return styleText(colour, words, { stream: stdout })
}

/** A title, and lines beside and below it; nothing without lines. */
export function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, at) => `${(at === 0 ? title : '').padEnd(MARGIN)}${line}`)
}

function argumentLines(args: Arguments): readonly string[] {
  if (args === UNKNOWN) return ['whatever the arguments']
  const text = JSON.stringify(args)
  if (text.length <= LONGEST_ARGUMENTS) return [text]
  return [`${text.slice(0, LONGEST_ARGUMENTS).toWellFormed()}… (${text.length} characters)`]
}

function permissionLine({ needed, held, cutByCeiling }: Explanation['permission']): string {
  if (needed === 'authenticated') return 'none: whoever is known may'
  if (cutByCeiling) return `${needed}: granted, but beyond the ceiling of the credential`
  return `${needed}: ${held ? 'granted' : 'not granted'}`
}

function grantLines({ where, subject, roles, when, counts }: GrantExplained): readonly string[] {
  const given = roles.length === 0 ? 'no role' : roles.join(', ')
  return [
    `${(counts ? 'counts' : 'does not count').padEnd(STATE)}${where} (${subject}): ${given}`,
    ...conditionLines(when),
  ]
}

function ruleLines({ name, effect, mode, when, matches, decides }: RuleExplained): readonly string[] {
  const state = decides ? 'decides' : matches ? 'matches' : 'does not match'
  const shadow = mode === 'shadow' ? ', in shadow: never enforced' : ''
  return [`${state.padEnd(STATE)}${name} (${effect}${shadow})`, ...conditionLines(when)]
}

function conditionLines(when: ConditionExplained | null): readonly string[] {
  if (when === null) return []
  const indent = ' '.repeat(STATE)
  return [
    `${indent}when ${when.source.trim().replaceAll(/\s+/g, ' ')}`,
    `${indent}which is ${TRUTHS[when.truth]}`,
    ...when.steps.map(({ source, value }) => `${indent}  ${source} is ${value}`),
  ]
}

const TRUTHS: Readonly<Record<ConditionExplained['truth'], string>> = {
  true: 'true',
  false: 'false',
  error: 'an error, and counts against the caller',
  unknown: 'not known without arguments',
}

/** What a caller is asked to prove by a condition, and who asks can say. */
const SAYABLE = [
  ['auth.address', 'address', '--address, or "address" of "proofs"'],
  ['auth.mfaAge', 'mfa', '--mfa-age, or "mfaAge" of "proofs"'],
  ['auth.certificate', 'methods', '--method certificate, or "methods" of "proofs"'],
] as const

/** What a condition missed only because nobody said it here: the call itself may have had it. */
function unsaidLines({ explanation: { rules, grants }, caller: { assumed } }: Explained): readonly string[] {
  const values = [...rules, ...grants].flatMap(({ when }) => when?.steps.map(({ value }) => value) ?? [])
  return SAYABLE.flatMap(([variable, assumption, how]) =>
    assumed.has(assumption) && values.some((value) => value.startsWith(`error: ${variable} is missing`))
      ? [`${variable} is missing because nothing was said of it here: say it with ${how}`]
      : [],
  )
}

function limitLine({ limit, points, seconds }: LimitUse): string {
  return `${limit}: ${points} ${UNITS[seconds] ?? `in ${seconds} seconds`}`
}

const UNITS: Readonly<Record<number, string>> = {
  1: 'a second',
  60: 'a minute',
  3600: 'an hour',
  86_400: 'a day',
}
