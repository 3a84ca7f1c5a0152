import { createHmac, createSecretKey } from 'node:crypto'
import type { Arguments } from '../access/decision.ts'
import { compileGlob, type Glob } from '../access/glob.ts'
import { canonicalJson } from './canonical-json.ts'
import type { RecordedArguments } from './event.ts'

/** What of the arguments is written down: see {@link ArgumentsRule}. */
export type RecordedAs = 'digest' | 'names' | 'redacted' | 'full'

/** How the arguments of some things of the catalog are written down. */
export interface ArgumentsRule {
  /** Glob patterns of names, see `access/glob.ts`; a rule without any list is for none. */
  readonly tools?: readonly string[] | undefined
  readonly prompts?: readonly string[] | undefined
  /** Of URIs. */
  readonly resources?: readonly string[] | undefined
  /**
   * `digest`: one keyed digest of all. `names`: and which there were. `redacted`: and the values of those in `keep`,
   * the others by a digest each, so that equal ones can be found. `full`: and every value.
   */
  readonly record: RecordedAs
  /** For `redacted`: arguments whose values are kept. */
  readonly keep?: readonly string[] | undefined
}

/** What {@link argumentsRecorder} takes. */
export interface ArgumentsRecorderOptions {
  /** Keys the digests, so that nobody who reads the trail can try values; never in the trail itself. */
  readonly key: string
  /** The first that fits holds; what none fits is recorded by digest. */
  readonly rules: readonly ArgumentsRule[]
}

/**
 * Writes down the arguments of a call, by what is configured for it; null where there are none to speak of, as in a
 * list. `name` is the name of the tool or prompt, or the URI of the resource.
 */
export type ArgumentsRecorder = (
  kind: 'tool' | 'prompt' | 'resource',
  name: string,
  args: Arguments,
) => RecordedArguments | null

/** What a digest of arguments begins with: no value that is kept does. */
export const DIGEST_PREFIX = 'hmac-sha256:'

/** More than this is recorded by its digest alone: arguments, characters of a name. */
const MOST_ARGUMENTS = 64
const LONGEST_NAME = 128
/** Characters of the canonical JSON of one value, and of all, that are kept; what is beyond is a digest. */
const LONGEST_VALUE = 4096
const LONGEST_VALUES = 8192
/** Names whose rule is remembered, and how long one may be: callers choose them. */
const MOST_REMEMBERED = 1000
const LONGEST_REMEMBERED = 256

/**
 * Makes the recorder of arguments. Fails closed: what no rule fits, and what is too large, is a digest.
 *
 * The recorder throws for arguments that are not JSON or nested more than 100 deep, which the parser of requests
 * lets nobody send: then nothing is recorded and nothing may run.
 */
export function argumentsRecorder({ key, rules }: ArgumentsRecorderOptions): ArgumentsRecorder {
  const digest = keyedDigest(key)
  const ruleOf = remembered(rulesOf(rules))
  const none = Object.freeze({ digest: digest(canonicalJson({})), values: Object.freeze({}) })
  return (kind, name, args) => {
    if (typeof args === 'symbol') return null
    const names = Object.keys(args)
    if (names.length === 0) return none
    const whole = { digest: digest(canonicalJson(args)) }
    const rule = ruleOf(kind, name)
    if (rule === undefined || rule.record === 'digest' || isTooMany(names)) return whole
    if (rule.record === 'names') return { ...whole, names: names.toSorted() }
    return { ...whole, values: valuesOf(args, rule, digest) }
  }
}

/** The digest of arguments as the trail has it: whoever has the key can see whether a call had these. */
export function argumentsDigest(key: string, args: Readonly<Record<string, unknown>>): string {
  return keyedDigest(key)(canonicalJson(args))
}

function keyedDigest(key: string): (text: string) => string {
  const secret = createSecretKey(key, 'utf8')
  return (text) => DIGEST_PREFIX + createHmac('sha256', secret).update(text).digest('hex')
}

function isTooMany(names: readonly string[]): boolean {
  return names.length > MOST_ARGUMENTS || names.some((name) => name.length > LONGEST_NAME)
}

function valuesOf(
  args: Readonly<Record<string, unknown>>,
  { record, keep = [] }: ArgumentsRule,
  digest: (text: string) => string,
): Readonly<Record<string, unknown>> {
  let left = LONGEST_VALUES
  const entries = Object.entries(args).map(([name, value]) => {
    const text = canonicalJson(value)
    const isKept = (record === 'full' || keep.includes(name)) && text.length <= Math.min(left, LONGEST_VALUE)
    if (!isKept || isLikeDigest(value)) return [name, digest(text)] as const
    left -= text.length
    return [name, value] as const
  })
  return Object.fromEntries(entries)
}

/** A value that looks like a digest would be taken for one. */
function isLikeDigest(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith(DIGEST_PREFIX)
}

type RuleOf = (kind: 'tool' | 'prompt' | 'resource', name: string) => ArgumentsRule | undefined

function rulesOf(rules: readonly ArgumentsRule[]): RuleOf {
  const compiled = rules.map((rule) => ({
    rule,
    tool: globsOf(rule.tools),
    prompt: globsOf(rule.prompts),
    resource: globsOf(rule.resources),
  }))
  return (kind, name) => compiled.find((one) => one[kind].some((fits) => fits(name)))?.rule
}

function globsOf(patterns: readonly string[] = []): readonly Glob[] {
  return patterns.map(compileGlob)
}

/** Patterns are tried once for a name. */
function remembered(ruleOf: RuleOf): RuleOf {
  const known = new Map<string, ArgumentsRule | undefined>()
  return (kind, name) => {
    const id = `${kind} ${name}`
    if (known.has(id)) return known.get(id)
    const rule = ruleOf(kind, name)
    if (known.size >= MOST_REMEMBERED) known.clear()
    if (name.length <= LONGEST_REMEMBERED) known.set(id, rule)
    return rule
  }
}
