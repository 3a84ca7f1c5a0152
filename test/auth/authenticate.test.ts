import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { authenticate, type RightsOf } from '../../src/auth/authenticate.ts'
import {
  ABSENT,
  refused,
  type Evidence,
  type Identified,
  type Outcome,
} from '../../src/auth/authenticator.ts'
import { compilePermissions } from '../../src/access/permission.ts'
import { parsePrincipal } from '../../src/auth/principal.ts'

const evidence: Evidence = {
  certificate: ABSENT,
  authorization: undefined,
  cookieHeader: undefined,
  fetchSite: undefined,
  address: '127.0.0.1',
  now: 1_000,
  use: 'use',
}
const rightsOf = () => ({
  roles: ['reader'],
  permissions: compilePermissions(['notes:read']),
  secondFactorRequired: false,
})

function identified(id: string, more: Partial<Identified> = {}): Outcome {
  const principal = parsePrincipal(id)
  assert.ok(principal)
  const identity: Identified = {
    principal,
    method: 'certificate',
    authenticatedAt: 500,
    credential: 'sha256:aa',
    expiresAt: 9_000,
    ...more,
  }
  return { kind: 'identified', identity }
}

const ask = async (...outcomes: Outcome[]) =>
  authenticate(
    evidence,
    outcomes.map((outcome) => () => outcome),
    rightsOf,
  )

test('silence from all is a refusal', async () => {
  assert.deepEqual(await ask(), { kind: 'refused', reason: 'no_credential' })
  assert.deepEqual(await ask(ABSENT, ABSENT), { kind: 'refused', reason: 'no_credential' })
})

test('a refusal ends the request, whatever else was proved, before and after it', async () => {
  const anyOutcome = fc.constantFrom(ABSENT, identified('user:alice'), refused('session_invalid'))
  await fc.assert(
    fc.asyncProperty(fc.array(anyOutcome, { maxLength: 4 }), fc.nat(4), async (outcomes, at) => {
      const withRefusal = outcomes.toSpliced(at, 0, refused('certificate_revoked'))
      const result = await ask(...withRefusal)
      assert.equal(result.kind, 'refused')
    }),
  )
})

test('credentials of two principals are a refusal', async () => {
  assert.deepEqual(await ask(identified('user:alice'), identified('user:bob')), {
    kind: 'refused',
    reason: 'credential_conflict',
  })
  assert.deepEqual(await ask(identified('user:alice'), identified('service:alice')), {
    kind: 'refused',
    reason: 'credential_conflict',
  })
})

test('credentials that agree make one context that ends with the first of them', async () => {
  const result = await ask(
    identified('user:alice', { authenticatedAt: 700, expiresAt: 9_000 }),
    identified('user:alice', {
      method: 'session',
      authenticatedAt: 300,
      mfaAt: 350,
      expiresAt: 5_000,
      credential: 'sha256:bb',
    }),
  )
  assert.equal(result.kind, 'context')
  const { permissions: _, ...context } = result.context
  assert.deepEqual(context, {
    principal: { kind: 'user', name: 'alice', id: 'user:alice' },
    methods: ['certificate', 'session'],
    authenticatedAt: 300,
    mfaAt: 350,
    roles: ['reader'],
    address: '127.0.0.1',
    ceilings: [],
    credential: 'sha256:aa',
    session: 'sha256:bb',
    expiresAt: 5_000,
  })
  assert.ok(Object.isFrozen(result.context))
})

test('a context without a second factor says nothing of one', async () => {
  const result = await ask(identified('user:alice'))
  assert.equal(result.kind, 'context')
  assert.equal('mfaAt' in result.context, false)
})

test('an authenticator that cannot judge is not silence', async () => {
  const down = async () => Promise.reject(new Error('down'))
  await assert.rejects(authenticate(evidence, [down, () => identified('user:alice')], rightsOf), /down/)
})

test('the ceiling of one credential bounds the rights of all of them', async () => {
  const asked: unknown[] = []
  const rights: RightsOf = ({ ceilings }) => {
    asked.push(ceilings)
    return rightsOf()
  }
  const ceiling = ['notes:read']
  const certificate = identified('user:alice', { ceiling })
  const session = identified('user:alice', { method: 'session' })
  for (const outcomes of [[certificate], [certificate, session], [session, certificate]]) {
    const made = await authenticate(
      evidence,
      outcomes.map((outcome) => () => outcome),
      rights,
    )
    assert.deepEqual(made.kind === 'context' && made.context.ceilings, [ceiling])
  }
  assert.deepEqual(asked, [[ceiling], [ceiling], [ceiling]])
  const without = await ask(session)
  assert.deepEqual(without.kind === 'context' && without.context.ceilings, [])
})

const strict = async (...outcomes: Outcome[]) =>
  authenticate(
    evidence,
    outcomes.map((outcome) => () => outcome),
    () => ({ ...rightsOf(), secondFactorRequired: true }),
  )

test('ASVS 6.3.3: a person whose role asks for a second factor is refused without one, by whatever else he is known', async () => {
  const required = { kind: 'refused', reason: 'second_factor_required' }
  const [certificate, session] = [identified('user:alice'), identified('user:alice', { method: 'session' })]
  for (const outcomes of [[certificate], [session], [certificate, session]])
    assert.deepEqual(await strict(...outcomes), required)
})

test('a second factor that was proved in the session counts beside the certificate of the same person alone', async () => {
  const proved = { method: 'session', mfaAt: 800 } as const
  const [certificate, session] = [identified('user:alice'), identified('user:alice', proved)]
  for (const outcomes of [[session], [certificate, session], [session, certificate]])
    assert.equal((await strict(...outcomes)).kind, 'context')
  assert.deepEqual(await strict(certificate, identified('user:bob', proved)), {
    kind: 'refused',
    reason: 'credential_conflict',
  })
})

test('a service or an agent is not asked for what only a person has', async () => {
  for (const id of ['service:billing', 'agent:crawler'])
    assert.equal((await strict(identified(id))).kind, 'context')
})
