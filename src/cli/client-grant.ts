import { readFile } from 'node:fs/promises'
import { addGrant } from '../access/add-grant.ts'
import { grantsOf, parseAccessDocument } from '../access/document.ts'
import { SallyportError } from '../errors.ts'

/** What is granted to whom, and where. */
export interface ClientGrant {
  /** As in `service:billing`. */
  readonly principal: string
  /** None leaves the policy as it is. */
  readonly roles: readonly string[]
  /** Whether the name may have grants already, and so inherits them. */
  readonly existing: boolean
  /** Path of `access.yaml`. */
  readonly file: string
}

/**
 * The policy with the grant in it; writes nothing.
 *
 * @throws SallyportError `NAME_TAKEN` if the name has grants already, `NOT_FOUND` for a role that is not there,
 *   `POLICY_INVALID`
 */
export function granted(text: string, { principal, roles, existing, file }: ClientGrant): string {
  const had = rolesIn(text, principal, file)
  if (had.length > 0 && !existing)
    throw new SallyportError(
      'NAME_TAKEN',
      `${principal} still has grants in ${file} (${had.join(', ')}), which a new certificate would ` +
        'inherit: choose another name, take the grants away, or say --existing if it is the same client',
    )
  return addGrant(text, principal, roles)
}

/** The roles that a policy grants to a principal by name, each once. */
export function rolesIn(text: string, principal: string, file: string): readonly string[] {
  return [...new Set(grantsOf(parseAccessDocument(text, file), principal).flatMap(({ roles }) => roles))]
}

/** @throws SallyportError `NOT_FOUND` */
export async function readPolicy(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SallyportError('NOT_FOUND', `${path} cannot be read: "npx sallyport init" makes it`, { cause })
  })
}
