import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { ABSENT, refused, type Outcome } from '../../src/auth/authenticator.ts'
import type { Trust } from '../../src/auth/certificate.ts'
import { parsePrincipal } from '../../src/auth/principal.ts'
import { NO_LIVE_LIST, type LiveRevocations } from '../../src/auth/revocation.ts'
import type { Identification } from '../../src/http/identification.ts'
import { proxiedIdentification, type ProxiedOptions } from '../../src/http/proxied-identification.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { headerText } from '../support/header-text.ts'
import { headerValue } from '../support/tls-proxy.ts'

const NOW = Date.now()
const MINUTE = 60_000
let directory: string
let authority: TestAuthority
let trust: Trust
let demo: X509Certificate
let admin: X509Certificate
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-'))
  authority = await testAuthority(directory)
  trust = await authority.trust({ nextUpdate: NOW + MINUTE })
  demo = new X509Certificate((await authority.client('demo')).cert)
  admin = new X509Certificate((await authority.client('admin-cli')).cert)
})
after(async () => rm(directory, { recursive: true }))

/** The peer of a connection that was admitted as this principal. */
function peer(id: string): Outcome {
  const principal = parsePrincipal(id)
  assert.ok(principal)
  const times = { authenticatedAt: NOW, expiresAt: NOW + MINUTE }
  return {
    kind: 'identified',
    identity: { principal, method: 'certificate', credential: 'sha256:aa', ...times },
  }
}

/** A door whose sockets are the outcomes of their admission. */
function door(options: Partial<ProxiedOptions> = {}): Identification {
  return proxiedIdentification({
    header: 'client-cert',
    proxies: ['service:edge', 'service:second'],
    admit: (socket) => socket as Outcome,
    trust: () => trust,
    revocations: NO_LIVE_LIST,
    ...options,
  })
}

type Claims = readonly (readonly [name: string, value: string])[]

function asked(
  { identify }: Identification,
  claims: Claims,
  socket = peer('service:edge'),
  now = NOW,
): string {
  const headers = claims.map(([name, value]) => ({ name, value, entry: 'client-cert' as const }))
  const outcome = identify({ socket, claims: headers }, now)
  return outcome.kind === 'identified'
    ? outcome.identity.principal.id
    : outcome.kind === 'refused'
      ? outcome.reason
      : ''
}

const good = (certificate = demo): Claims => [['client-cert', headerValue('client-cert', certificate)]]

test('a request is of the certificate in its header, whoever was asked before it on the connection', () => {
  const identification = door()
  const socket = peer('service:edge')
  for (const [claims, expected] of [
    [good(), 'service:demo'],
    [good(admin), 'service:admin-cli'],
    [[], 'no_credential'],
    [good(), 'service:demo'],
  ] as const)
    assert.equal(asked(identification, claims, socket), expected)
})

test('it says when it was proved, and which proxy said so', () => {
  const identification = door()
  for (const [proxy, now] of [
    ['service:edge', NOW],
    ['service:second', NOW + 1],
  ] as const) {
    const claims = good().map(([name, value]) => ({ name, value, entry: 'client-cert' as const }))
    const outcome = identification.identify({ socket: peer(proxy), claims }, now)
    assert.ok(outcome.kind === 'identified')
    assert.deepEqual([outcome.identity.via, outcome.identity.authenticatedAt], [proxy, now])
  }
})

test('only named proxies are believed, and only while they are admitted', () => {
  const peers: [Outcome, string][] = [
    [peer('service:edge'), 'service:demo'],
    [peer('agent:edge'), 'proxy_not_named'],
    [peer('service:edge.example'), 'proxy_not_named'],
    [refused('certificate_revoked'), 'certificate_revoked'],
    [ABSENT, 'no_credential'],
  ]
  for (const [socket, expected] of peers) assert.equal(asked(door(), good(), socket), expected)
  assert.equal(asked(door({ proxies: [] }), good()), 'proxy_not_named')
})

test('the certificate of another proxy is of nobody', async () => {
  const second = new X509Certificate((await authority.client('second')).cert)
  assert.equal(asked(door(), good(second)), 'certificate_wrong_usage')
})

test('what was judged before is judged anew under other trust, and past its time', async () => {
  let current = trust
  const identification = door({ trust: () => current })
  assert.equal(asked(identification, good()), 'service:demo')
  current = { ...trust, issuers: [] }
  assert.equal(asked(identification, good()), 'certificate_untrusted')
  current = trust
  assert.equal(asked(identification, good()), 'service:demo')
  assert.equal(asked(identification, good(), undefined, NOW + MINUTE), 'crl_stale')
})

test('the live revocation list is asked every time', () => {
  const revoked = new Set<string>()
  let fresh = true
  const revocations: LiveRevocations = {
    isFresh: () => fresh,
    leastEpochOf: () => 0,
    isDisabled: () => false,
    isRevoked: (name) => [...revoked].some((one) => name.endsWith(one)),
  }
  const identification = door({ revocations })
  assert.equal(asked(identification, good()), 'service:demo')
  revoked.add(demo.serialNumber)
  assert.equal(asked(identification, good()), 'certificate_revoked')
  assert.equal(asked(identification, good(admin)), 'service:admin-cli')
  fresh = false
  assert.equal(asked(identification, good(admin)), 'revocation_stale')
})

test('exactly one header of exactly that name is read', () => {
  const [one] = good()
  assert.ok(one)
  const [name, value] = one
  const claims: [Claims, string][] = [
    [[], 'no_credential'],
    [[['client_cert', value]], 'no_credential'],
    [[['x-forwarded-client-cert', value]], 'no_credential'],
    [[one, one], 'credential_malformed'],
    [[[name, '']], 'credential_malformed'],
    [[one, [name, '']], 'credential_malformed'],
    [[[name, `${value}, ${value}`]], 'credential_malformed'],
    [[['client_cert', headerValue('client-cert', admin)], one], 'service:demo'],
  ]
  for (const [given, expected] of claims) assert.equal(asked(door(), given), expected)
})

test('a value is looked at up to its longest, and not beyond', () => {
  const bytes = (count: number): Claims => [['client-cert', `:${'A'.repeat(count)}:`]]
  assert.equal(asked(door(), bytes(12 * 1024 - 4)), 'certificate_untrusted')
  assert.equal(asked(door(), bytes(12 * 1024)), 'credential_malformed')
})

for (const header of ['client-cert', 'x-forwarded-client-cert'] as const)
  test(`whatever stands in ${header}, nobody is identified but by a certificate of ours`, () => {
    const identification = door({ header })
    const value = headerValue(header, demo)
    const changed = fc
      .tuple(fc.nat({ max: value.length }), fc.nat({ max: 3 }), headerText('=:;"%'))
      .map(([at, cut, text]) => value.slice(0, at) + text + value.slice(at + cut))
    fc.assert(
      fc.property(fc.oneof(headerText('=:;"%'), changed), (text) => {
        const outcome = asked(identification, [[header, text]])
        // A principal has a colon, a reason has none.
        assert.ok(outcome === 'service:demo' || /^[a-z_]+$/.test(outcome), outcome)
      }),
      { numRuns: 500 },
    )
  })
