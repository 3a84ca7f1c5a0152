import { createHash } from 'node:crypto'
import { newAuthority, signerOf } from '../../src/pki/authority.ts'
import { issueClient } from '../../src/pki/issue.ts'

/** Issues so many client certificates from one CA; gives how many different serials and keys they have. */
export async function issueMany(
  count: number,
): Promise<{ readonly serials: number; readonly keys: number; readonly shortest: number }> {
  const now = Date.now()
  const signer = signerOf((await newAuthority('sallyport.internal', now)).issuing)
  const identity = { trustDomain: 'sallyport.internal', kind: 'service', name: 'billing' } as const
  const serials = new Set<string>()
  const keys = new Set<string>()
  for (let made = 0; made < count; made++) {
    const { entry, key } = await issueClient(signer, identity, 3_600_000, now)
    serials.add(entry.serial)
    keys.add(createHash('sha256').update(key).digest('base64'))
  }
  return {
    serials: serials.size,
    keys: keys.size,
    shortest: Math.min(...[...serials].map(({ length }) => length / 2)),
  }
}
