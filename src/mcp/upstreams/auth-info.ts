import type { AuthInfo } from '@modelcontextprotocol/server'
import type { AuthContext } from '../../auth/context.ts'

/**
 * Who calls, as the handlers of a server in this process read it (`authInfo` of both SDK lines): `clientId` is the
 * principal, `extra` has it with its roles and the request id of the audit trail. There is no token in it, and no scope:
 * what may be called was decided by the access policy.
 */
export function authInfoOf(
  { principal, roles }: Pick<AuthContext, 'principal' | 'roles'>,
  requestId: string,
): AuthInfo {
  return {
    token: '',
    clientId: principal.id,
    scopes: [],
    extra: { principal: principal.id, roles: [...roles], requestId },
  }
}
