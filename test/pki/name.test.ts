import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { OWN_NAME } from '../../src/auth/principal.ts'
import { isSallyportError } from '../../src/errors.ts'
import {
  assertClientName,
  assertTrustDomain,
  CLIENT_NAME,
  nameProblem,
  parseSpiffeUri,
  PRINCIPAL_KINDS,
  spiffeUri,
} from '../../src/pki/name.ts'

const clientName = fc.stringMatching(/^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/)

describe('the name of a client', () => {
  it('is the same as the name of a principal of our own', () => {
    assert.equal(CLIENT_NAME.source, OWN_NAME.source)
    assert.equal(CLIENT_NAME.flags, OWN_NAME.flags)
  })

  for (const name of ['a', '7', 'billing', 'ci-runner.eu_1', 'a..b', 'a'.repeat(64)])
    it(`may be ${name}`, () => assert.equal(nameProblem(name), undefined))

  const refused: readonly (readonly [name: string, problem: RegExp, proposal: string])[] = [
    ['', /is empty/, 'my-client'],
    ['../../etc/passwd', /path separator/, 'etc-passwd'],
    ['a/b', /path separator/, 'a-b'],
    ['a\\b', /path separator/, 'a-b'],
    ['a\nb', /control character/, 'a-b'],
    ['a\u0000', /control character/, 'a'],
    ['a\u007f', /control character/, 'a'],
    ['b\u009b31m', /control character/, 'b-31m'],
    ['a'.repeat(65), /is 65 characters long/, 'a'.repeat(64)],
    [`${'a'.repeat(63)}-b`, /is 65 characters long/, 'a'.repeat(63)],
    ['Billing', /capital letter/, 'billing'],
    ['my client', /space/, 'my-client'],
    ['zoë', /character "ë"/, 'zoe'],
    ['a*', /character "\*"/, 'a'],
    ['*', /character "\*"/, 'my-client'],
    ['a:b', /character ":"/, 'a-b'],
    ['раypal', /character "р"/, 'ypal'],
    ['a\u202eb', /character "\\u\{202e\}"/, 'a-b'],
    ['😀', /character "😀"/, 'my-client'],
    ['.', /begins or ends/, 'my-client'],
    ['..', /begins or ends/, 'my-client'],
    ['-rf', /begins or ends/, 'rf'],
    ['a.', /begins or ends/, 'a'],
    ['_a', /begins or ends/, 'a'],
  ]
  for (const [name, problem, proposal] of refused)
    it(`may not be ${JSON.stringify(name)}`, () => {
      const refusal = nameProblem(name)
      assert.match(refusal?.problem ?? '', problem)
      assert.equal(refusal?.proposal, proposal)
    })

  it('is refused with a message that drives no terminal, however it is made', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        fc.pre(nameProblem(name) !== undefined)
        assert.throws(
          () => assertClientName(name),
          (error) =>
            isSallyportError(error, 'NAME_INVALID') &&
            !/\p{C}/u.test(error.message) &&
            error.message.length < 1500,
        )
      }),
    )
  })

  it('is proposed so that the proposal is always allowed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const refusal = nameProblem(name)
        assert.equal(refusal === undefined, CLIENT_NAME.test(name))
        if (refusal !== undefined) assert.equal(nameProblem(refusal.proposal), undefined)
      }),
    )
  })
})

describe('the URI of a client', () => {
  it('gives back every name and kind it was made of', () => {
    fc.assert(
      fc.property(clientName, fc.constantFrom(...PRINCIPAL_KINDS), (name, kind) => {
        const uri = spiffeUri('sallyport.internal', kind, name)
        assert.deepEqual(parseSpiffeUri(uri), { trustDomain: 'sallyport.internal', kind, name })
        assert.equal(new URL(uri).href, uri, 'a URL parser reads nothing else in it')
      }),
    )
  })

  for (const uri of [
    'spiffe://sallyport.internal/service',
    'spiffe://sallyport.internal/service/a/b',
    'spiffe://sallyport.internal/service/a?x',
    'spiffe://sallyport.internal/service/a#x',
    'spiffe://sallyport.internal/service/a\n',
    'spiffe://sallyport.internal/admin/a',
    'spiffe://sallyport.internal/service/A',
    'spiffe://sallyport.internal:8443/service/a',
    'spiffe://x@sallyport.internal/service/a',
    'spiffe:///service/a',
    'https://sallyport.internal/service/a',
    'SPIFFE://sallyport.internal/service/a',
  ])
    it(`is not ${JSON.stringify(uri)}`, () => assert.equal(parseSpiffeUri(uri), undefined))
})

describe('a trust domain', () => {
  for (const domain of ['sallyport.internal', 'a', 'prod_eu-1.example'])
    it(`may be ${domain}`, () => assert.doesNotThrow(() => assertTrustDomain(domain)))

  for (const domain of [
    '',
    'Sallyport',
    'a/b',
    'a:1',
    'a@b',
    '.a',
    'a..b',
    '10.0.0.7',
    '7',
    'a\n',
    'a'.repeat(256),
  ])
    it(`may not be ${JSON.stringify(domain)}`, () =>
      assert.throws(
        () => assertTrustDomain(domain),
        (error) => isSallyportError(error, 'CONFIGURATION_INVALID'),
      ))
})
