import type { AuthContext, Proofs } from '../../src/auth/context.ts'
import type { Action } from '../../src/access/decision.ts'

/**
 * What the documents say of access.yaml, evaluated the slow way: no index, no cache, no compiled anything, and not a line
 * shared with the product. It is compared with the product's own answers.
 */

/** What a condition can see. */
export interface World {
  readonly proofs: Proofs
  readonly roles: readonly string[]
  readonly attributes: Readonly<Record<string, string>>
  /** Absent in a grant. */
  readonly asked?: {
    readonly name: string
    readonly args: Readonly<Record<string, unknown>>
  }
  readonly now: number
}

export type Value = boolean | 'error'

/** A condition: its text, and what it means, said by hand. */
export type Condition =
  | {
      readonly op: 'atom'
      readonly text: string
      readonly isOfArguments: boolean
      value(world: World): Value
    }
  | { readonly op: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly op: 'not'; readonly inner: Condition }

export interface ReferenceRule {
  readonly name: string
  readonly effect: 'deny' | 'step-up' | 'approve' | 'hide'
  readonly mode: 'enforce' | 'shadow'
  readonly tools?: readonly string[] | undefined
  readonly prompts?: readonly string[] | undefined
  readonly resources?: readonly string[] | undefined
  readonly principals?: readonly string[] | undefined
  readonly methods?: readonly Action[] | undefined
  readonly priority?: number | undefined
  readonly when?: Condition | undefined
  /** Minutes. */
  readonly within?: number | undefined
  readonly certificate?:
    | { readonly uri?: string | undefined; readonly issuer?: string | undefined }
    | undefined
  readonly by?: string | undefined
}

export interface ReferenceGrant {
  readonly subject: Subject
  readonly roles: readonly string[]
  readonly owner?: string | undefined
  readonly attributes?: Readonly<Record<string, string>> | undefined
  readonly when?: Condition | undefined
}

export type Subject =
  | { readonly service: string }
  | { readonly agent: string }
  | { readonly user: string }
  | { readonly certificate: { readonly uri?: string | undefined; readonly issuer?: string | undefined } }
  | { readonly group: string }
  | { readonly authenticated: true }

export interface ReferenceRole {
  readonly includes: readonly string[]
  readonly permissions: readonly string[]
  readonly mfa: boolean
}

export interface ReferenceLimit {
  readonly role?: string | undefined
  readonly principal?: string | undefined
  readonly group?: string | undefined
  readonly tools?: readonly string[] | undefined
  readonly prompts?: readonly string[] | undefined
  readonly resources?: readonly string[] | undefined
  readonly rate: `${number}/${'s' | 'm' | 'h' | 'd'}`
}

/** A whole policy. */
export interface ReferencePolicy {
  readonly rules: readonly ReferenceRule[]
  readonly limits: readonly ReferenceLimit[]
  readonly roles: Readonly<Record<string, ReferenceRole>>
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly grants: readonly ReferenceGrant[]
}

/** One question. */
export interface ReferenceRequest {
  readonly action: Action
  readonly kind: 'tool' | 'prompt' | 'resource'
  readonly name: string
  readonly permission: string
  readonly args: Readonly<Record<string, unknown>>
}

/** The answer, as far as it is compared. */
export type ReferenceAnswer =
  | { readonly kind: 'allow'; readonly limits: readonly number[]; readonly shadow: readonly string[] }
  | {
      readonly kind: 'deny'
      readonly reason: string
      readonly rule: string | null
      readonly shadow: readonly string[]
    }
  | {
      readonly kind: 'needs'
      readonly rules: readonly string[]
      readonly limits: readonly number[]
      readonly shadow: readonly string[]
    }

/** CEL's own absorption: `false && error` is false, `true || error` is true. */
export function valueOf(condition: Condition, world: World): Value {
  if (condition.op === 'atom') return condition.value(world)
  if (condition.op === 'not') {
    const inner = valueOf(condition.inner, world)
    return inner === 'error' ? 'error' : !inner
  }
  const [left, right] = [valueOf(condition.left, world), valueOf(condition.right, world)]
  const decisive = condition.op === 'or'
  if (left === decisive || right === decisive) return decisive
  return left === 'error' || right === 'error' ? 'error' : !decisive
}

/** As it stands in the file. */
export function textOf(condition: Condition): string {
  if (condition.op === 'atom') return condition.text
  if (condition.op === 'not') return `!(${textOf(condition.inner)})`
  return `(${textOf(condition.left)}) ${condition.op === 'and' ? '&&' : '||'} (${textOf(condition.right)})`
}

/** Whether a condition speaks of arguments. */
export function isOfArguments(condition: Condition | undefined): boolean {
  if (condition === undefined) return false
  if (condition.op === 'atom') return condition.isOfArguments
  if (condition.op === 'not') return isOfArguments(condition.inner)
  return isOfArguments(condition.left) || isOfArguments(condition.right)
}

/** `*` within a segment, `**` across. By trying every way. */
export function globMatches(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern.startsWith('**')) {
    for (let length = 0; length <= text.length; length++)
      if (globMatches(pattern.slice(2), text.slice(length))) return true
    return false
  }
  if (pattern.startsWith('*')) {
    for (let length = 0; length <= text.length; length++) {
      if (text.slice(0, length).includes('/')) break
      if (globMatches(pattern.slice(1), text.slice(length))) return true
    }
    return false
  }
  return text.startsWith(pattern.slice(0, 1)) && globMatches(pattern.slice(1), text.slice(1))
}

function closureOf(roles: readonly string[], policy: ReferencePolicy): readonly string[] {
  const found: string[] = []
  const visit = (role: string): void => {
    if (found.includes(role)) return
    found.push(role)
    for (const included of policy.roles[role]?.includes ?? []) visit(included)
  }
  for (const role of roles) visit(role)
  return found
}

function certificateMatches(
  { uri, issuer }: { readonly uri?: string | undefined; readonly issuer?: string | undefined },
  { certificate }: Proofs,
): boolean {
  if (certificate === undefined) return false
  if (uri !== undefined && (certificate.uri === null || !globMatches(uri, certificate.uri))) return false
  return issuer === undefined || certificate.issuer === issuer
}

function isSubject(subject: Subject, proofs: Proofs, policy: ReferencePolicy): boolean {
  const { id } = proofs.principal
  if ('service' in subject) return id === `service:${subject.service}`
  if ('agent' in subject) return id === `agent:${subject.agent}`
  if ('user' in subject) return id === `user:${subject.user}`
  if ('group' in subject) return policy.groups[subject.group]?.includes(id) === true
  if ('certificate' in subject) return certificateMatches(subject.certificate, proofs)
  return true
}

/** What the policy gives to a caller. */
export function referenceRights(
  policy: ReferencePolicy,
  proofs: Proofs,
  now: number,
): { roles: readonly string[]; permissions: readonly string[]; mfa: boolean; owner: string | undefined } {
  const own = policy.grants.filter(
    ({ subject }) => !('group' in subject || 'authenticated' in subject || 'certificate' in subject),
  )
  const mine = own.filter(({ subject }) => isSubject(subject, proofs, policy))
  const world: World = { proofs, roles: [], attributes: attributesOf(policy, proofs), now }
  const counting = policy.grants.filter(
    ({ subject, when }) =>
      isSubject(subject, proofs, policy) && (when === undefined || valueOf(when, world) === true),
  )
  const roles = closureOf(
    counting.flatMap((grant) => grant.roles),
    policy,
  )
  return {
    roles,
    permissions: roles.flatMap((role) => policy.roles[role]?.permissions ?? []),
    mfa: proofs.principal.kind === 'user' && roles.some((role) => policy.roles[role]?.mfa === true),
    owner: mine.find(({ owner }) => owner !== undefined)?.owner,
  }
}

function attributesOf(policy: ReferencePolicy, proofs: Proofs): Readonly<Record<string, string>> {
  const named = policy.grants.filter(
    ({ subject, attributes }) => attributes !== undefined && isSubject(subject, proofs, policy),
  )
  return Object.fromEntries(named.flatMap(({ attributes }) => Object.entries(attributes ?? {})))
}

function covers(patterns: readonly string[], permission: string): boolean {
  const [area, verb] = permission.split(':')
  return patterns.some((one) => one === '*' || [permission, `${area}:*`, `*:${verb}`].includes(one))
}

function concerns(
  { tools, prompts, resources }: Pick<ReferenceRule, 'tools' | 'prompts' | 'resources'>,
  { kind, name }: Pick<ReferenceRequest, 'kind' | 'name'>,
): boolean {
  const patterns = { tool: tools, prompt: prompts, resource: resources }[kind] ?? []
  return patterns.some((pattern) => globMatches(pattern, name))
}

function includesPrincipal(
  patterns: readonly string[] | undefined,
  id: string,
  roles: readonly string[],
  policy: ReferencePolicy,
): boolean {
  if (patterns === undefined) return true
  return patterns.some((pattern) => {
    if (pattern.startsWith('role:')) return roles.includes(pattern.slice(5))
    if (pattern.startsWith('group:')) return policy.groups[pattern.slice(6)]?.includes(id) === true
    return globMatches(pattern, id)
  })
}

/** Decides a call. `given` is what the context was given when it was made; the rights of now count beside it. */
export function referenceDecision(
  policy: ReferencePolicy,
  context: Pick<AuthContext, keyof Proofs>,
  given: readonly string[],
  request: ReferenceRequest,
  now: number,
): ReferenceAnswer {
  const outcome = enforced(policy, context, given, request, now)
  const shadow = policy.rules
    .filter(({ mode }) => mode === 'shadow')
    .filter((rule) => {
      const rules = policy.rules.map((one) => (one === rule ? { ...one, mode: 'enforce' as const } : one))
      return changes(outcome, enforced({ ...policy, rules }, context, given, request, now))
    })
  return { ...outcome, shadow: shadow.map(({ name }) => name) }
}

type Enforced = ReferenceAnswer

/** Another kind of answer, or one more need. */
function changes(before: Enforced, after: Enforced): boolean {
  if (before.kind !== after.kind) return true
  return before.kind === 'needs' && after.kind === 'needs' && before.rules.length !== after.rules.length
}

function enforced(
  policy: ReferencePolicy,
  proofs: Pick<AuthContext, keyof Proofs>,
  given: readonly string[],
  request: ReferenceRequest,
  now: number,
): Enforced {
  const deny = (reason: string, rule: string | null = null): Enforced => ({
    kind: 'deny',
    reason,
    rule,
    shadow: [],
  })
  const { roles, permissions, mfa, owner } = referenceRights(policy, proofs, now)
  const { principal } = proofs
  if (mfa && proofs.mfaAt === undefined) return deny('second_factor_required')
  const lists = [given, permissions, ...proofs.ceilings]
  if (request.permission !== 'authenticated' && !lists.every((list) => covers(list, request.permission)))
    return deny('no_permission')
  const attributes = attributesOf(policy, proofs)
  const world: World = { proofs, roles, attributes, asked: { name: request.name, args: request.args }, now }
  const matching = policy.rules.filter(
    (rule) =>
      rule.mode === 'enforce' &&
      concerns(rule, request) &&
      includesPrincipal(rule.principals, principal.id, roles, policy) &&
      (rule.methods === undefined || rule.methods.includes(request.action)) &&
      (rule.when === undefined || valueOf(rule.when, world) !== false),
  )
  const denying = matching.find(({ effect }) => effect === 'deny')
  if (denying !== undefined) return deny('denied_by_rule', denying.name)
  const asking = matching
    .filter(({ effect }) => effect === 'approve' || effect === 'step-up')
    .filter((rule) => !isMet(rule, proofs, now))
    .toSorted((one, other) => (other.priority ?? 0) - (one.priority ?? 0))
  const hopeless = asking.find((rule) =>
    rule.effect === 'approve'
      ? principal.kind !== 'user' && owner === undefined
      : rule.within !== undefined && principal.kind !== 'user',
  )
  if (hopeless !== undefined) return deny('need_cannot_be_met', hopeless.name)
  const limits = policy.limits.flatMap((limit, index) => {
    const who =
      (limit.role === undefined || roles.includes(limit.role)) &&
      (limit.principal === undefined || globMatches(limit.principal, principal.id)) &&
      (limit.group === undefined || policy.groups[limit.group]?.includes(principal.id) === true)
    return who && concerns(limit, request) ? [index] : []
  })
  return asking.length > 0
    ? { kind: 'needs', rules: asking.map(({ name }) => name), limits, shadow: [] }
    : { kind: 'allow', limits, shadow: [] }
}

function isMet(rule: ReferenceRule, proofs: Proofs, now: number): boolean {
  if (rule.effect === 'approve') return false
  if (rule.certificate !== undefined) return certificateMatches(rule.certificate, proofs)
  return proofs.mfaAt !== undefined && now - proofs.mfaAt <= (rule.within ?? 0) * 60_000
}
