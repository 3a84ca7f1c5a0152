import { parsePrincipal, type Principal } from '../auth/principal.ts'
import { SallyportError } from '../errors.ts'
import { visible } from './visible.ts'

/**
 * The principal that an operator named, as in `user:alice`.
 *
 * @throws SallyportError `NAME_INVALID`
 */
export function principalNamed(id: string): Principal {
  const principal = parsePrincipal(id)
  if (principal !== undefined) return principal
  throw new SallyportError(
    'NAME_INVALID',
    `"${visible(id)}" is no principal: write user:NAME, service:NAME or agent:NAME`,
  )
}
