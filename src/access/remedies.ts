import type { AccessDocument } from './document.ts'
import { foundText, otherwiseText } from './explain-condition.ts'
import type { Remedy, RuleExplained } from './explanation.ts'
import { roleGives, rolesWithin } from './role-gives.ts'
import type { Told } from './told.ts'

/** As many roles are offered. */
const MOST_ROLES = 3
/** What the right to everything weighs. */
const EVERYTHING = 1e6

/** The smallest changes that would have allowed what was denied, nearest first; nothing for what was not denied. */
export function remedies(told: Told): readonly Remedy[] {
  const { decision } = told.facts
  if (decision.kind !== 'deny') return []
  switch (decision.reason) {
    case 'second_factor_required':
      return [{ kind: 'second_factor', sentence: 'prove a second factor' }]
    case 'no_permission':
      return permissionRemedies(told)
    case 'denied_by_rule':
      return ruleRemedies(told)
    case 'need_cannot_be_met':
      return [needRemedy(told, decision.rule)]
    case 'unknown_name':
    case 'rate_limited':
    case 'confirmation_refused':
    case 'too_many_pending':
    case 'request_state_invalid':
      return []
  }
}

function permissionRemedies(told: Told): readonly Remedy[] {
  const { needed, cutByCeiling } = told.facts.permission
  if (cutByCeiling) return [{ kind: 'ceiling', sentence: `use a credential whose ceiling covers ${needed}` }]
  const { id } = told.context.principal
  const roles = rolesToGrant(told)
  const offers: readonly Remedy[] = [
    ...conditionRemedies(told),
    ...roles.map((role): Remedy => ({
      kind: 'grant',
      sentence: `grant "${role}" to ${id}: it has ${needed}`,
    })),
  ]
  // Whoever lacks one permission is not meant to get all.
  const isTooMuch = roles.length > 0 && roles.every((role) => weight(told.document, role) >= EVERYTHING)
  if (offers.length > 0 && !isTooMuch) return offers
  const why = isTooMuch ? 'only roles that may do everything have it' : 'no role has it'
  return [{ kind: 'grant', sentence: `give ${needed} to a role, and that role to ${id}: ${why}` }, ...offers]
}

/** Grants that are there, and do not count. */
function conditionRemedies({ document, facts }: Told): readonly Remedy[] {
  const { grants, permission } = facts
  return grants.flatMap(({ where, roles, when, counts }): Remedy[] => {
    const role = whichGives(document, roles, permission.needed)
    if (counts || when === null || role === undefined) return []
    const sentence = `${where} gives role "${role}", and does not count now: ${foundText(when)}`
    return [{ kind: 'condition', sentence }]
  })
}

/** Roles that are there, those with the least beside it first. */
function rolesToGrant({ document, rights, facts }: Told): readonly string[] {
  const { needed } = facts.permission
  return [...document.roles.keys()]
    .filter((role) => !rights.roles.includes(role) && whichGives(document, [role], needed) !== undefined)
    .toSorted((one, other) => weight(document, one) - weight(document, other))
    .slice(0, MOST_ROLES)
}

function whichGives(
  document: AccessDocument,
  roles: readonly string[],
  permission: string,
): string | undefined {
  return roles.find((role) =>
    rolesWithin(document, [role]).some((one) => roleGives(document, one, permission)),
  )
}

/** How much a role gives: a pattern with a star is more than any number of permissions. */
function weight(document: AccessDocument, role: string): number {
  const patterns = rolesWithin(document, [role]).flatMap((one) => document.roles.get(one)?.permissions ?? [])
  const weights = patterns.map((pattern) => (pattern === '*' ? EVERYTHING : pattern.includes('*') ? 1e3 : 1))
  return weights.reduce((sum, one) => sum + one, 0)
}

/** Every rule that denies: all of them would have to let it through. */
function ruleRemedies({ context, facts: { rules } }: Told): readonly Remedy[] {
  return rules
    .filter(({ effect, mode, matches }) => matches && mode === 'enforce' && isDenying(effect))
    .map(({ name, when }) =>
      when === null
        ? { kind: 'rule', sentence: `except ${context.principal.id}, or this, from rule "${name}"` }
        : { kind: 'condition', sentence: `rule "${name}" ${otherwiseText(when)}` },
    )
}

function isDenying(effect: RuleExplained['effect']): boolean {
  return effect === 'deny' || effect === 'hide'
}

function needRemedy({ context: { principal }, facts: { rules } }: Told, name: string | null): Remedy {
  if (rules.find((one) => one.name === name)?.effect === 'approve')
    return {
      kind: 'grant',
      sentence: `name an owner in a grant of ${principal.id}, as in owner: "user:alice"`,
    }
  return {
    kind: 'rule',
    sentence: `except ${principal.id} from rule "${name}": only people have a second factor`,
  }
}
