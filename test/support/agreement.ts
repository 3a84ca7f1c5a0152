import assert from 'node:assert/strict'
import fc from 'fast-check'
import { UNKNOWN, type Action, type Decision, type Policy } from '../../src/access/decision.ts'
import type { ExplainingPolicy } from '../../src/access/explanation.ts'
import { readPolicy } from '../../src/access/read-policy.ts'
import type { AuthContext, Proofs } from '../../src/auth/context.ts'
import {
  ARGUMENTS,
  CONTEXT_MADE_AT,
  fileOf,
  NOW,
  POLICY,
  PROOFS,
  REQUEST,
  SURFACE,
} from './random-policies.ts'
import {
  isOfArguments,
  referenceDecision,
  referenceRights,
  type ReferenceAnswer,
  type ReferencePolicy,
  type ReferenceRequest,
} from './reference-policy.ts'

/** How many were compared, and what the answers were: so that nobody takes a comparison of denials for more. */
export interface Compared {
  readonly answers: Map<string, number>
  policies: number
  calls: number
  lists: number
}

/** Lists, and the call that being in one of them promises. */
const LISTS: Readonly<Record<ReferenceRequest['kind'], { list: Action; call: Action }>> = {
  tool: { list: 'tools/list', call: 'tools/call' },
  prompt: { list: 'prompts/list', call: 'prompts/get' },
  resource: { list: 'resources/list', call: 'resources/read' },
}

/** Compares the product with the reference on so many random policies, with so many calls for each of them. */
export function compare(runs: { policies: number; calls: number; seed?: number }): Compared {
  const compared: Compared = { answers: new Map(), policies: 0, calls: 0, lists: 0 }
  const question = fc.record({ proofs: PROOFS, request: REQUEST, now: NOW })
  const property = fc.property(
    POLICY,
    fc.array(question, { minLength: runs.calls, maxLength: runs.calls }),
    fc.array(ARGUMENTS, { minLength: 20, maxLength: 20 }),
    (reference, questions, samples) => {
      const { policy } = readPolicy(fileOf(reference), 'access.yaml', SURFACE)
      compared.policies++
      for (const { proofs, request, now } of questions) {
        call(policy, reference, proofs, request, now, compared)
        list(policy, reference, proofs, request, samples, compared)
      }
    },
  )
  fc.assert(property, { numRuns: runs.policies, ...(runs.seed === undefined ? {} : { seed: runs.seed }) })
  return compared
}

function contextOf(policy: Policy, proofs: Proofs): AuthContext {
  const { roles, permissions } = policy.rightsOf(proofs, CONTEXT_MADE_AT)
  return { ...proofs, roles, permissions, credential: 'sha256:0', expiresAt: Number.MAX_SAFE_INTEGER }
}

function call(
  policy: ExplainingPolicy,
  reference: ReferencePolicy,
  proofs: Proofs,
  request: ReferenceRequest,
  now: number,
  compared: Compared,
): void {
  const context = contextOf(policy, proofs)
  const rights = referenceRights(reference, proofs, CONTEXT_MADE_AT)
  assert.deepEqual(context.roles.toSorted(), [...new Set(rights.roles)].toSorted())
  const expected = referenceDecision(reference, proofs, rights.permissions, request, now)
  const decision = policy.decide(context, accessRequest(request), request.args, now)
  assert.deepEqual(answerOf(decision), expected)
  assert.deepEqual(policy.explain(context, accessRequest(request), request.args, now).decision, decision)
  compared.calls++
  const what = expected.kind === 'deny' ? `deny ${expected.reason}` : expected.kind
  compared.answers.set(what, (compared.answers.get(what) ?? 0) + 1)
}

/**
 * A list says "no" only if no arguments are ever allowed; and where no argument is spoken of, it says what a call would
 * be told.
 */
function list(
  policy: Policy,
  reference: ReferencePolicy,
  proofs: Proofs,
  request: ReferenceRequest,
  samples: readonly Readonly<Record<string, unknown>>[],
  compared: Compared,
): void {
  const now = CONTEXT_MADE_AT
  const context = contextOf(policy, proofs)
  const { list: action, call: called } = LISTS[request.kind]
  const decision = policy.decide(context, { ...accessRequest(request), action }, UNKNOWN, now)
  const { permissions } = referenceRights(reference, proofs, now)
  const hidden = isHidden(reference, proofs, permissions, request, now)
  const answers = [request.args, ...(request.kind === 'tool' ? samples : [])].map((args) =>
    referenceDecision(reference, proofs, permissions, { ...request, action: called, args }, now),
  )
  compared.lists++
  if (hidden) return assert.equal(decision.kind, 'deny', 'a hidden thing is in a list')
  const possible = answers.some(({ kind }) => kind !== 'deny')
  if (decision.kind === 'deny') return assert.equal(possible, false, 'a list says no to what can be allowed')
  if (!reference.rules.some(({ when }) => isOfArguments(when)))
    assert.equal(possible, true, 'a list says yes to what is never allowed')
}

/** By turning the rules that hide into rules that deny: there is no other difference, in a list. */
function isHidden(
  reference: ReferencePolicy,
  proofs: Proofs,
  permissions: readonly string[],
  request: ReferenceRequest,
  now: number,
): boolean {
  const hiding = reference.rules.filter(({ effect, mode }) => effect === 'hide' && mode === 'enforce')
  const rules = hiding.map((rule) => Object.assign({}, rule, { effect: 'deny' as const }))
  const asked = { ...request, action: LISTS[request.kind].call }
  const answer = referenceDecision({ ...reference, rules }, proofs, permissions, asked, now)
  return answer.kind === 'deny' && answer.reason === 'denied_by_rule'
}

function accessRequest({
  action,
  kind,
  name,
  permission,
}: ReferenceRequest): Parameters<Policy['decide']>[1] {
  const entry = SURFACE.find((one) => one.kind === kind && (kind === 'resource' || one.name === name))
  assert.ok(entry)
  assert.equal(entry.permission, permission)
  return { action, kind, resource: name, entry: entry.name, permission: entry.permission }
}

function answerOf(decision: Decision): ReferenceAnswer {
  const { shadow } = decision
  switch (decision.kind) {
    case 'deny':
      return { kind: 'deny', reason: decision.reason, rule: decision.rule, shadow }
    case 'allow':
      return { kind: 'allow', limits: decision.limits.map(indexOf), shadow }
    case 'needs':
      return {
        kind: 'needs',
        rules: decision.needs.map(({ rule }) => rule),
        limits: decision.limits.map(indexOf),
        shadow,
      }
    case 'depends':
      return assert.fail('a call with arguments depends on nothing')
  }
}

function indexOf({ limit }: { readonly limit: string }): number {
  return Number(/^limits\[(\d+)\]$/.exec(limit)?.[1])
}
