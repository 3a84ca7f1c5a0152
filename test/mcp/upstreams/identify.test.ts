import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createLocalJWKSet, decodeJwt, jwtVerify, type JWTVerifyOptions } from 'jose'
import { compilePermissions } from '../../../src/access/permission.ts'
import type { AuthContext } from '../../../src/auth/context.ts'
import { identityKeys } from '../../../src/auth/identity-keys.ts'
import { ownPrincipalOf, type Principal, type PrincipalKind } from '../../../src/auth/principal.ts'
import { identifier } from '../../../src/mcp/upstreams/identify.ts'
import type { UpstreamOptions, UpstreamTransport } from '../../../src/mcp/upstreams/options.ts'
import type { Identification, Identify } from '../../../src/mcp/upstreams/ports.ts'
import { httpTransport, upstreamOptions } from '../../support/dialed.ts'

const SECRET = 's'.repeat(48)
const ISSUER = 'https://door.example'
const CREDENTIAL = `sha256:${'c'.repeat(64)}`
const SESSION = `sha256:${'d'.repeat(64)}`
const keys = identityKeys([SECRET])

let time = 0
let signatures = 0
const signer = {
  ...keys,
  sign(input: string) {
    signatures++
    return keys.sign(input)
  },
}
let identify: Identify
beforeEach(() => {
  time = 1_763_712_000_000
  signatures = 0
  identify = identifier({ issuer: ISSUER, signer, tokenLife: 60_000, now: () => time })
})

function principal(id: string): Principal {
  const [kind, name] = id.split(':')
  const made = ownPrincipalOf(kind as PrincipalKind, name ?? '')
  assert.ok(made)
  return made
}

function context(fields: Partial<AuthContext> = {}): AuthContext {
  return {
    principal: principal('service:billing'),
    methods: ['certificate'],
    authenticatedAt: time,
    ceilings: [],
    roles: ['a-secret-role'],
    permissions: compilePermissions(['*']),
    credential: CREDENTIAL,
    session: SESSION,
    expiresAt: time + 1000,
    ...fields,
  }
}

function upstream(fields: Partial<UpstreamOptions> = {}): UpstreamOptions {
  return {
    ...upstreamOptions(httpTransport('https://wiki.internal/mcp')),
    identity: 'token',
    ...fields,
  }
}

function tokenOf({ headers }: Identification): string {
  return headers['sallyport-token'] ?? ''
}

const verified = async (token: string, more: JWTVerifyOptions = {}, secrets = [SECRET]) =>
  jwtVerify(token, createLocalJWKSet({ keys: [...identityKeys(secrets).jwks.keys] }), {
    issuer: ISSUER,
    audience: 'https://wiki.internal/mcp',
    typ: 'sallyport-caller+jwt',
    algorithms: ['EdDSA'],
    currentDate: new Date(time),
    requiredClaims: ['sub', 'iat', 'nbf', 'exp', 'jti', 'amr'],
    ...more,
  })

test('an upstream that is to know nothing is told nothing', () => {
  assert.deepEqual(identify(context(), upstream({ identity: 'none' }), 'r-1'), { headers: {}, meta: {} })
})

test('plainly, an upstream is told principal, kind, methods and request, and no more', () => {
  assert.deepEqual(identify(context(), upstream({ identity: 'plain' }), 'r-1'), {
    headers: { 'sallyport-principal': 'service:billing' },
    meta: {
      'sallyport/caller': {
        principal: 'service:billing',
        kind: 'service',
        methods: ['certificate'],
        requestId: 'r-1',
      },
    },
  })
  assert.equal(signatures, 0)
})

test('a token says who calls, for whom and until when, and an independent verifier believes it', async () => {
  const told = identify(context(), upstream(), 'r-1')
  const token = tokenOf(told)
  assert.deepEqual(told, { headers: { 'sallyport-token': token }, meta: { 'sallyport/token': token } })
  const { payload, protectedHeader } = await verified(token)
  const seconds = time / 1000
  const { jti, ...claims } = payload
  assert.match(String(jti), /^[0-9a-f-]{36}$/)
  assert.deepEqual(claims, {
    iss: ISSUER,
    sub: 'service:billing',
    aud: 'https://wiki.internal/mcp',
    amr: ['certificate'],
    iat: seconds,
    nbf: seconds,
    exp: seconds + 60,
  })
  assert.deepEqual(protectedHeader, { alg: 'EdDSA', typ: 'sallyport-caller+jwt', kid: keys.keyId })
})

test('it is refused elsewhere, later, before, from another issuer, as another type, and under another key', async () => {
  const token = tokenOf(identify(context(), upstream(), 'r-1'))
  const at = (ms: number): JWTVerifyOptions => ({ currentDate: new Date(time + ms) })
  await verified(token, at(59_999))
  const refused: readonly [JWTVerifyOptions, string, string[]?][] = [
    [{ audience: 'https://other.internal/mcp' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    [{ issuer: 'https://other.example' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    [{ typ: 'at+jwt' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    [at(60_000), 'ERR_JWT_EXPIRED'],
    [at(-1_000), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
    [{}, 'ERR_JWKS_NO_MATCHING_KEY', ['x'.repeat(48)]],
  ]
  for (const [more, code, secrets] of refused) await assert.rejects(verified(token, more, secrets), { code })
  const [head = '', body = '', signature = ''] = token.split('.')
  const other = Buffer.from(body, 'base64url').toString().replace('billing', 'payroll')
  const forged = [head, Buffer.from(other).toString('base64url'), signature].join('.')
  await assert.rejects(verified(forged), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
})

test('a key that was replaced still verifies what it signed, and signs no more', async () => {
  const token = tokenOf(identify(context(), upstream(), 'r-1'))
  const next = 'n'.repeat(48)
  await verified(token, {}, [next, SECRET])
  const after = identifier({
    issuer: ISSUER,
    signer: identityKeys([next, SECRET]),
    tokenLife: 60_000,
    now: () => time,
  })
  const { protectedHeader } = await verified(tokenOf(after(context(), upstream(), 'r')), {}, [next, SECRET])
  assert.equal(protectedHeader.kid, identityKeys([next]).keyId)
})

test('the audience is the address without what may be secret in it; of a process it is its name', () => {
  const secret = httpTransport('https://user:pass-word@wiki.internal:8443/a/mcp?key=se-cret#part')
  const audience = (transport: UpstreamTransport): unknown =>
    decodeJwt(tokenOf(identify(context(), upstream({ transport }), 'r'))).aud
  assert.equal(audience(secret), 'https://wiki.internal:8443/a/mcp')
  assert.equal(audience({ kind: 'in-process', connect: async () => undefined }), 'sallyport-upstream:wiki')
})

test('nothing of the credential, the roles or the request is in a token', () => {
  const token = tokenOf(identify(context({ mfaAt: time, address: '192.0.2.1' }), upstream(), 'request-1'))
  const text = JSON.stringify(decodeJwt(token))
  for (const word of ['cccc', 'dddd', 'sha256', 'cnf', 'role', 'request-1', '192.0.2', SECRET.slice(0, 8)])
    assert.ok(!text.includes(word), word)
})

test('a proxy that speaks for the caller is the actor', async () => {
  const token = tokenOf(identify(context({ via: 'service:edge' }), upstream(), 'r'))
  const { payload } = await verified(token)
  assert.deepEqual([payload.sub, payload['act']], ['service:billing', { sub: 'service:edge' }])
})

test('a token is used again until half of its life is over', () => {
  const first = identify(context(), upstream(), 'r-1')
  time += 29_999
  assert.equal(identify(context(), upstream(), 'r-2'), first)
  assert.equal(signatures, 1)
  time += 1
  const second = identify(context(), upstream(), 'r-3')
  assert.notEqual(tokenOf(second), tokenOf(first))
  assert.notEqual(decodeJwt(tokenOf(second)).jti, decodeJwt(tokenOf(first)).jti)
  time -= 30_001
  assert.notEqual(identify(context(), upstream(), 'r-4'), second, 'of a clock that went back')
})

test('whatever is in a token makes another one: nobody gets the token of somebody else', () => {
  const callers = [
    context(),
    context({ principal: principal('service:payroll') }),
    context({ principal: principal('agent:billing') }),
    context({ methods: ['certificate', 'session'] }),
    context({ methods: ['session'] }),
    context({ via: 'service:edge' }),
    context({ via: 'service:other' }),
  ]
  const upstreams = [
    upstream(),
    upstream({ transport: httpTransport('https://wiki.internal/other') }),
    upstream({ transport: httpTransport('https://other.internal/mcp') }),
    upstream({ transport: { kind: 'in-process', connect: async () => undefined } }),
    upstream({ name: 'b', transport: { kind: 'in-process', connect: async () => undefined } }),
  ]
  const all = (): string[] =>
    callers.flatMap((caller) => upstreams.map((to) => tokenOf(identify(caller, to, 'r'))))
  const tokens = all()
  assert.equal(new Set(tokens).size, callers.length * upstreams.length)
  assert.deepEqual(all(), tokens)
})

test('no token lives for more than five minutes, and not every one is kept', () => {
  const long = identifier({ issuer: ISSUER, signer, tokenLife: 3_600_000, now: () => time })
  const { iat = 0, exp = 0 } = decodeJwt(tokenOf(long(context(), upstream(), 'r')))
  assert.equal(exp - iat, 300)
  const first = tokenOf(identify(context(), upstream(), 'r'))
  for (let at = 0; at < 4096; at++)
    identify(context({ principal: principal(`service:n${at}`) }), upstream(), 'r')
  assert.notEqual(tokenOf(identify(context(), upstream(), 'r')), first)
})
