import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { test } from 'node:test'
import { newAuthority, signerOf } from '../../src/pki/authority.ts'
import { issueClient } from '../../src/pki/issue.ts'
import { KEY_TYPES, newKeyPair, privateKeyPem, signingAlgorithm } from '../../src/pki/key.ts'

const ROUNDS = 200
const IDENTITY = { trustDomain: 'sallyport.internal', kind: 'service', name: 'billing' } as const

/** CPU time of the whole process for one round, in ms; the first rounds, in which the code gets warm, do not count. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  for (let round = 0; round < ROUNDS / 10; round++) await work()
  const start = process.cpuUsage()
  for (let round = 0; round < ROUNDS; round++) await work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000 / ROUNDS
}

for (const keyType of KEY_TYPES)
  test(`issuing with ${keyType} keys, against making such a key, writing it out and signing once`, async (t) => {
    const now = Date.now()
    const issuer = signerOf((await newAuthority(IDENTITY.trustDomain, now, { keyType })).issuing)
    const body = Buffer.alloc(500, 1)
    const floor = await cpuOf(async () => {
      const { privateKey } = await newKeyPair(keyType)
      await webcrypto.subtle.sign(signingAlgorithm(issuer.key), issuer.key, body)
      return await privateKeyPem(privateKey)
    })
    const issue = await cpuOf(async () => await issueClient(issuer, IDENTITY, 3_600_000, now, { keyType }))
    t.diagnostic(
      `${issue.toFixed(2)} ms of CPU, floor ${floor.toFixed(2)} ms, ratio ${(issue / floor).toFixed(1)}`,
    )
    if (keyType === 'p256') assert.ok(issue < 20, `${issue} ms`)
  })
