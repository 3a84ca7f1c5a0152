import type { DenyReason } from '../access/decision.ts'
import { parsePrincipal, type Principal } from '../auth/principal.ts'
import { parseDuration } from '../config/duration.ts'
import { SallyportError } from '../errors.ts'
import { faultsOf, pathText, readYaml, type YamlFault, type YamlSource } from '../yaml-source.ts'
import { parseMoment } from './moment.ts'
import type { Supposition } from './supposed-caller.ts'
import { testFileSchema, type CaseEntry, type Expectation, type ProofsEntry } from './test-file-schema.ts'

/** What a case asks for. */
export type Asking =
  | {
      readonly kind: 'tool' | 'prompt' | 'resource'
      readonly name: string
      readonly args: Readonly<Record<string, unknown>>
      readonly expect: Expectation
      readonly rule: string | undefined
      readonly reason: DenyReason | undefined
    }
  | {
      readonly kind: 'list'
      readonly of: 'tools' | 'prompts' | 'resources'
      readonly sees: readonly string[]
      readonly lacks: readonly string[]
    }

/** One case: who asks for what, and what the answer must be. */
export interface TestCase {
  readonly name: string
  /** `file:line:column`. */
  readonly where: string
  readonly principal: Principal
  readonly supposition: Supposition
  /** Ms since the epoch; undefined for now. */
  readonly at: number | undefined
  readonly asking: Asking
}

/** The cases of a file, and the policy that they are about. */
export interface TestFile {
  readonly file: string
  /** As written, relative to the file; undefined for the configured one. */
  readonly policy: string | undefined
  readonly cases: readonly TestCase[]
}

/**
 * Reads a file of test cases.
 *
 * @throws SallyportError `POLICY_INVALID` with every fault, one per line: `file:line:column: sentence`
 */
export function readTestFile(text: string, file: string): TestFile {
  const { source, faults } = readYaml(text, file)
  if (source === undefined) throw new SallyportError('POLICY_INVALID', faults.join('\n'))
  const parsed = testFileSchema.safeParse(source.value)
  const found = parsed.success ? parsed.data.cases.flatMap(caseFaults) : faultsOf(parsed.error)
  if (!parsed.success || found.length > 0)
    throw new SallyportError('POLICY_INVALID', found.map((fault) => render(fault, source)).join('\n'))
  const { policy, cases } = parsed.data
  return { file, policy, cases: cases.flatMap((one, index) => caseOf(one, source.at(['cases', index]))) }
}

function render(fault: YamlFault, source: YamlSource): string {
  const path = pathText(fault.path)
  return `${source.at(fault.path)}: ${path === '' ? '' : `${path}: `}${fault.sentence}`
}

const ASKED = ['call', 'prompt', 'resource', 'list'] as const

/** What contradicts what in a case whose parts are all good. */
function caseFaults(one: CaseEntry, index: number): YamlFault[] {
  const asked = ASKED.filter((key) => one[key] !== undefined)
  const [first] = asked
  if (first === undefined || asked.length > 1)
    return [{ path: ['cases', index], sentence: `a case has exactly one of ${ASKED.join(', ')}` }]
  const wrong = first === 'list' ? wrongInList(one) : wrongInThing(one, first)
  return wrong.map(([key, sentence]) => ({ path: ['cases', index, key], sentence }))
}

type Wrong = readonly [key: keyof CaseEntry, sentence: string]

function wrongInList(one: CaseEntry): readonly Wrong[] {
  const keys = (['with', 'expect', 'rule', 'reason'] as const).filter((key) => one[key] !== undefined)
  const isEmpty = one.sees === undefined && one.lacks === undefined
  return [
    ...keys.map((key) => [key, 'a list has "sees" and "lacks" instead'] as const),
    ...(isEmpty ? [['list', 'say what must be in it, and what not: add "sees" or "lacks"'] as const] : []),
  ]
}

function wrongInThing(one: CaseEntry, asked: keyof CaseEntry): readonly Wrong[] {
  const { expect, reason } = one
  const keys = (['sees', 'lacks'] as const).filter((key) => one[key] !== undefined)
  const isInList = expect === 'visible' || expect === 'hidden'
  const isDenial = expect === 'deny' || expect === 'hidden'
  return [
    ...keys.map((key) => [key, 'belongs to "list" alone'] as const),
    ...(expect === undefined ? [[asked, 'say what must come of it: add "expect"'] as const] : []),
    ...(one.with !== undefined && asked === 'resource'
      ? [['with', 'the arguments of a resource are in its URI'] as const]
      : []),
    ...(one.with !== undefined && isInList
      ? [['with', 'lists know no arguments: leave them out'] as const]
      : []),
    ...(reason !== undefined && !isDenial ? [['reason', 'only a denial has a reason'] as const] : []),
  ]
}

function caseOf(one: CaseEntry, where: string): TestCase[] {
  const principal = parsePrincipal(one.as)
  const asking = askingOf(one)
  if (principal === undefined || asking === undefined) return []
  const at = one.at === undefined ? undefined : parseMoment(one.at, 0)
  return [{ name: one.name, where, principal, supposition: suppositionOf(one.proofs), at, asking }]
}

function askingOf({ call, prompt, resource, list, ...one }: CaseEntry): Asking | undefined {
  if (list !== undefined) return { kind: 'list', of: list, sees: one.sees ?? [], lacks: one.lacks ?? [] }
  const name = call ?? prompt ?? resource
  if (name === undefined || one.expect === undefined) return undefined
  const kind = call !== undefined ? 'tool' : prompt !== undefined ? 'prompt' : 'resource'
  return { kind, name, args: one.with ?? {}, expect: one.expect, rule: one.rule, reason: one.reason }
}

function suppositionOf(said: ProofsEntry = {}): Supposition {
  const [first, ...others] = said.methods ?? []
  const { mfaAge, age, certificate } = said
  return {
    methods: first === undefined ? undefined : [first, ...others],
    age: age === undefined ? undefined : parseDuration(age),
    mfaAge: mfaAge === undefined ? undefined : mfaAge === 'none' ? null : parseDuration(mfaAge),
    address: said.address,
    uri: certificate?.uri,
    issuer: certificate?.issuer,
    only: said.only,
  }
}
