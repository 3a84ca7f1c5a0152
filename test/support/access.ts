import assert from 'node:assert/strict'
import type { AccessRequest, Action } from '../../src/access/decision.ts'
import { readPolicy, type ReadPolicy } from '../../src/access/read-policy.ts'
import type { Surface, SurfaceEntry } from '../../src/access/surface.ts'
import type { AuthContext, Proofs } from '../../src/auth/context.ts'
import { parsePrincipal } from '../../src/auth/principal.ts'
import { isSallyportError } from '../../src/errors.ts'

const text = { type: 'string' }

function entry(
  kind: SurfaceEntry['kind'],
  name: string,
  permission: SurfaceEntry['permission'],
  properties: Readonly<Record<string, unknown>> = {},
): SurfaceEntry {
  const inputSchema = { type: 'object', properties, additionalProperties: false }
  return { kind, name, permission, upstream: null, annotations: null, inputSchema }
}

/** A small catalog for tests of policies. */
export const SURFACE: Surface = [
  entry('tool', 'files_read', 'files:read', { path: text }),
  entry('tool', 'files_write', 'files:write', { path: text, size: { type: 'integer' } }),
  entry('tool', 'bank_pay', 'bank:pay', { amount: { type: 'number' } }),
  entry('tool', 'ping', 'authenticated'),
  entry('prompt', 'summarize', 'notes:read', { id: text }),
  entry('resource', 'note://{id}', 'notes:read', { id: text }),
  entry('resource', 'file:///{+path}', 'files:read', { path: text }),
]

/** Reads a policy for {@link SURFACE}, or another surface. */
export function read(policy: string, surface: Surface = SURFACE): ReadPolicy {
  return readPolicy(policy, 'access.yaml', surface)
}

/** Every fault of a policy that must be refused. */
export function refused(policy: string, surface: Surface = SURFACE): readonly string[] {
  try {
    read(policy, surface)
  } catch (error) {
    assert.ok(isSallyportError(error, 'POLICY_INVALID'), String(error))
    return error.message.split('\n')
  }
  assert.fail(`not refused: ${policy}`)
}

/** What a principal proved, by certificate, a thousand ms after the epoch, unless told otherwise. */
export function proofsOf(id: string, more: Partial<Proofs> = {}): Proofs {
  const principal = parsePrincipal(id)
  assert.ok(principal)
  return { principal, methods: ['certificate'], authenticatedAt: 1000, ceilings: [], ...more }
}

/** The context that this policy makes of it. */
export function contextIn({ policy }: ReadPolicy, proofs: Proofs, now = 1000): AuthContext {
  const { roles, permissions } = policy.rightsOf(proofs, now)
  return { ...proofs, roles, permissions, credential: 'sha256:aa', expiresAt: 4_102_444_800_000 }
}

/** A request about something of {@link SURFACE}; a URI belongs to the family that it begins like. */
export function requestFor(action: Action, resource: string): AccessRequest {
  const found = SURFACE.find(
    ({ name }) => name === resource || name.split('{')[0] === resource.slice(0, name.indexOf('{')),
  )
  assert.ok(found, resource)
  const { kind, name, permission } = found
  const isFamily = kind === 'resource' && name === resource
  return { action, kind, resource, entry: name, permission, ...(isFamily ? { isFamily } : {}) }
}
