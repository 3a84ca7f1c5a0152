import { openAuthority } from '../../src/pki/authority.ts'
import { enroll } from '../../src/pki/enroll.ts'
import { clientFiles } from '../../src/pki/files.ts'
import type { Issuance } from '../../src/pki/issuance.ts'
import { issueClient } from '../../src/pki/issue.ts'
import { newKeyPair } from '../../src/pki/key.ts'
import { newRequest } from '../../src/pki/new-request.ts'
import { release } from '../../src/pki/release.ts'
import { renewFor } from '../../src/pki/renew-for.ts'
import { renewServer } from '../../src/pki/renew.ts'
import { revoke } from '../../src/pki/revoke.ts'
import { offer } from '../../src/pki/token.ts'

/**
 * `node issuing-worker.ts CERTS PREFIX`: issues, enrols, renews and revokes without end, to be killed in the middle.
 * Prints a line when it begins, and the serial of each certificate that it was given.
 */
const [certs = '', prefix = ''] = process.argv.slice(2)
const issuance: Issuance = {
  certs,
  signer: await openAuthority(certs, Date.now()),
  announce: async () => undefined,
}
const say = (line: string): void => void process.stdout.write(`${line}\n`)
say('ready')

for (let round = 0; ; round++) {
  const identity = { trustDomain: 'sallyport.internal', kind: 'service', name: `${prefix}-${round}` } as const
  const issued = await issueClient(issuance.signer, identity, 3_600_000, Date.now())
  await release(certs, clientFiles(certs, identity.name), issued)
  say(`issued ${issued.entry.serial}`)
  const { token } = await offer(certs, { identity, life: 3_600_000, ttl: 60_000 }, Date.now())
  const enrolled = await enroll(issuance, token, await newRequest(await newKeyPair()), Date.now())
  if (enrolled.kind !== 'issued') throw new Error(enrolled.reason)
  say(`issued ${enrolled.issued.serial}`)
  const request = await newRequest(await newKeyPair())
  const renewed = await renewFor(issuance, enrolled.issued.certificate, request, Date.now())
  if (renewed.kind !== 'issued') throw new Error(renewed.reason)
  say(`issued ${renewed.issued.serial}`)
  await renewServer(issuance, Date.now())
  const selection = { serial: round % 2 === 0 ? issued.entry.serial : enrolled.issued.serial }
  const { list } = await revoke(certs, { selection, reason: 'keyCompromise', by: 'worker' }, Date.now())
  if (list !== 'fresh') throw new Error(JSON.stringify(list))
  say(`revoked ${selection.serial}`)
}
