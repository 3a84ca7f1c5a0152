import type { AccessDocument } from './document.ts'
import { allows, compilePermissions } from './permission.ts'
import { withIncluded } from './role-closure.ts'

/** Roles and all that they include. */
export function rolesWithin({ roles }: AccessDocument, names: readonly string[]): readonly string[] {
  return withIncluded(names, new Map([...roles].map(([name, { includes }]) => [name, includes])))
}

/** Whether a role by itself, without those that it includes, has a permission. */
export function roleGives({ roles }: AccessDocument, role: string, permission: string): boolean {
  return allows(compilePermissions(roles.get(role)?.permissions ?? []), permission)
}
