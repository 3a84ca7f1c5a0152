import assert from 'node:assert/strict'
import { compilePermissions } from '../../src/access/permission.ts'
import type { AuthContext } from '../../src/auth/context.ts'
import { parsePrincipal } from '../../src/auth/principal.ts'
import type { Caller } from '../../src/mcp/caller.ts'

/** The context of a principal (`service:demo`) that has these permissions, by certificate. */
export function contextOf(
  id: string,
  permissions: readonly string[] = [],
  more: Partial<AuthContext> = {},
): AuthContext {
  const principal = parsePrincipal(id)
  assert.ok(principal)
  return Object.freeze({
    principal,
    methods: ['certificate'],
    authenticatedAt: 1_000,
    roles: ['tester'],
    permissions: compilePermissions(permissions),
    ceilings: [],
    credential: 'sha256:aa',
    expiresAt: 4_102_444_800_000,
    ...more,
  } satisfies AuthContext)
}

/** The same, making the request `requestId`. */
export function callerOf(id: string, permissions: readonly string[] = [], requestId = 'request-1'): Caller {
  return { context: contextOf(id, permissions), requestId }
}
