import { identityKeys, type IdentityKeys } from '../auth/identity-keys.ts'
import type { Config } from '../config/config.ts'
import { errnoOf, SallyportError } from '../errors.ts'
import { madeIfMissing } from './made-if-missing.ts'
import { newSecret } from './new-secret.ts'

/**
 * What signs tokens that tell upstreams who calls: of the environment, else of its file, which is made where it is
 * missing.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` if it can neither be read nor made, or is unfit
 */
export async function identityKeysOf(
  config: Pick<Config, 'identity' | 'identityKeys'>,
): Promise<IdentityKeys> {
  const { keyFile } = config.identity
  if (keyFile !== null) await madeIfMissing(keyFile, newSecret, unusableAt(keyFile))
  return identityKeys(config.identityKeys())
}

/** `iss` of those tokens: where people find this installation, else the name of its trust domain. */
export function identityIssuer({
  publicUrl,
  trustDomain,
}: Pick<Config, 'publicUrl' | 'trustDomain'>): string {
  return publicUrl === false ? `spiffe://${trustDomain}` : publicUrl
}

function unusableAt(path: string): (verb: 'read' | 'written', cause: unknown) => SallyportError {
  return (verb, cause) =>
    new SallyportError(
      'CONFIGURATION_INVALID',
      `the identity key ${path} cannot be ${verb} (${errnoOf(cause)}): check space and rights`,
      { cause },
    )
}
