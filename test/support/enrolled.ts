import { newKeyPair, privateKeyPem } from '../../src/pki/key.ts'
import { newRequest } from '../../src/pki/new-request.ts'
import type { PrincipalKind } from '../../src/pki/name.ts'
import type { Offer } from '../../src/pki/token.ts'
import type { TestPair } from './certificates.ts'
import type { TestIssuer } from './issuer.ts'

/** A new key and the request for it, PEM. */
export async function keyAndRequest(): Promise<{ readonly key: string; readonly csr: string }> {
  const keys = await newKeyPair()
  return { key: await privateKeyPem(keys.privateKey), csr: await newRequest(keys) }
}

/** A certificate that the issuer knows, as its first: by a token, without any server. */
export async function enrolled(
  issuer: TestIssuer,
  name: string,
  kind: PrincipalKind = 'service',
  more: Partial<Offer> = {},
): Promise<TestPair> {
  const { key, csr } = await keyAndRequest()
  const answer = await issuer.enroll(await issuer.token(name, kind, more), csr)
  if (answer.kind === 'refused') throw new Error(answer.reason)
  return { cert: answer.issued.certificate, key }
}
