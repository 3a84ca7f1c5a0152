import type { Decision, DenyReason, Need } from './decision.ts'
import { durationText } from './duration.ts'
import { foundText } from './explain-condition.ts'
import type { RuleExplained } from './explanation.ts'
import { certificateText } from './grant.ts'
import { allows } from './permission.ts'
import { roleGives, rolesWithin } from './role-gives.ts'
import type { Told } from './told.ts'

/** The sentence that a person reads first: why the answer is what it is. */
export function because(told: Told): string {
  const { decision } = told.facts
  switch (decision.kind) {
    case 'allow':
      return `allowed: ${allowedBy(told)}`
    case 'deny':
      return `denied: ${deniedBy(told, decision)}`
    case 'needs':
      return `asked for: ${needsText(decision.needs)}`
    case 'depends':
      return `depends: ${dependsOn(told)}`
  }
}

function allowedBy({ document, facts: { permission, grants } }: Told): string {
  const { needed } = permission
  if (needed === 'authenticated') return 'any authenticated caller may use it'
  for (const { where, subject, roles, counts } of grants) {
    const role = counts
      ? rolesWithin(document, roles).find((one) => roleGives(document, one, needed))
      : undefined
    if (role !== undefined) return `${where} (${subject}) gives role "${role}", which has ${needed}`
  }
  return `the caller has ${needed}`
}

function deniedBy(told: Told, { reason, rule }: Extract<Decision, { kind: 'deny' }>): string {
  switch (reason) {
    case 'second_factor_required':
      return `${askingRole(told)} asks for a second factor, and none was proved`
    case 'no_permission':
      return lackText(told)
    case 'denied_by_rule':
      return ruleText(told, rule)
    case 'need_cannot_be_met':
      return impossibleText(told, rule)
    case 'unknown_name':
    case 'rate_limited':
    case 'confirmation_refused':
    case 'too_many_pending':
    case 'request_state_invalid':
      return outsideText(reason)
  }
}

/** Reasons that are found by others, after the policy or without it. */
function outsideText(reason: DenyReason): string {
  return `it was turned away (${reason})`
}

function askingRole({ document, rights }: Told): string {
  const role = rights.roles.find((name) => document.roles.get(name)?.secondFactorRequired === true)
  return role === undefined ? 'a role' : `role "${role}"`
}

function lackText({ context, rights, facts: { permission, grants } }: Told): string {
  const { needed, cutByCeiling } = permission
  const { id } = context.principal
  if (cutByCeiling) {
    const ceilings = context.ceilings.map((ceiling) => ceiling.join(', ') || 'nothing').join('; ')
    return `the ceiling of the credential (${ceilings}) does not cover ${needed}`
  }
  if (allows(rights.permissions, needed))
    return `${id} was let in when its grants did not give ${needed}, or with less`
  if (grants.length === 0) return `no grant is for ${id}, and it needs ${needed}`
  return `no grant of ${id} that counts now gives ${needed}`
}

function ruleText({ facts: { rules } }: Told, name: string | null): string {
  const rule = rules.find((one) => one.name === name)
  if (rule?.effect === 'hide') return `rule "${name}" hides it in lists${whenText(rule)}`
  return `rule "${name}" matches${rule?.when ? whenText(rule) : ' always'}`
}

function whenText({ when }: RuleExplained): string {
  if (when === null) return ''
  const found = foundText(when)
  return when.truth === 'error' ? `, since its condition cannot be evaluated: ${found}` : `: ${found}`
}

function impossibleText({ context: { principal }, facts: { rules } }: Told, name: string | null): string {
  const isApproval = rules.find((one) => one.name === name)?.effect === 'approve'
  if (isApproval) return `rule "${name}" asks for an approval, and no grant of ${principal.id} names an owner`
  return `rule "${name}" asks for a second factor, which ${principal.id} can never prove`
}

function needsText([first, ...others]: readonly [Need, ...Need[]]): string {
  const more = others.map(({ rule }) => `"${rule}"`).join(', ')
  return `rule "${first.rule}" needs ${needText(first)}${more === '' ? '' : `; then ${more}`}`
}

function needText(need: Need): string {
  switch (need.kind) {
    case 'second_factor':
      return `a second factor proved no longer than ${durationText(need.within)} ago`
    case 'certificate':
      return `a certificate like ${certificateText(need)}`
    case 'approval':
      return `the approval of a person with role "${need.by.role}", other than ${need.owner ?? 'the caller'}`
  }
}

function dependsOn({ facts: { rules } }: Told): string {
  const names = rules.filter(({ decides }) => decides).map(({ name }) => `"${name}"`)
  return `whether ${names.length === 1 ? 'rule' : 'rules'} ${names.join(', ')} ${names.length === 1 ? 'matches' : 'match'} is not known here`
}
