import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { passwordOnly, type Credentials } from '../../src/login/credentials.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import { tellingVault } from '../../src/login/telling-vault.ts'

const [OLD, NEW, OTHER] = ['old', 'new', 'other'].map((name) => `the ${name} factor key `.repeat(3)) as [
  string,
  string,
  string,
]
const vaultOf = (...secrets: string[]) => credentialVault(factorKeys(secrets))
const vault = vaultOf(NEW)

const time = fc.nat({ max: 4e12 })
const text = fc.string({ unit: 'grapheme', maxLength: 60 })
const credentials: fc.Arbitrary<Credentials> = fc.record(
  {
    passwordHash: text,
    oneTimeUntil: fc.option(time),
    totp: fc.option(fc.record({ secret: text, lastStep: time, addedAt: time }, { noNullPrototype: true })),
    enrolling: fc.option(fc.record({ secret: text, session: text, until: time }, { noNullPrototype: true })),
    recoveryCodes: fc.array(text, { maxLength: 10 }),
    passkeys: fc.array(
      fc.record(
        {
          id: text,
          publicKey: text,
          counter: time,
          answered: fc.array(text, { maxLength: 3 }),
          transports: fc.array(text, { maxLength: 3 }),
          label: text,
          addedAt: time,
          lastUsedAt: fc.option(time),
        },
        { noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
    userHandle: fc.option(text),
  },
  { noNullPrototype: true },
)
const name = fc.string({ unit: 'grapheme', maxLength: 64 })

test('what is sealed is opened for the same user, and by nobody else’s name', () => {
  fc.assert(
    fc.property(name, name, credentials, (user, other, own) => {
      const sealed = vault.seal(user, own)
      assert.deepEqual(vault.open(user, sealed), own)
      if (other !== user) assert.equal(vault.open(other, sealed), undefined)
    }),
  )
})

test('no character of a sealed text can be another one', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'
  // Of every length modulo 3: base64 has characters that stand for the same bytes in two of them.
  for (const passwordHash of ['hash', 'hash-', 'hash--']) {
    const sealed = vault.seal('alice', passwordOnly(passwordHash, null))
    for (let at = 0; at < sealed.length; at++)
      for (const character of alphabet.replace(sealed[at] ?? '', '')) {
        const tampered = sealed.slice(0, at) + character + sealed.slice(at + 1)
        assert.equal(vault.open('alice', tampered), undefined, `${at} ${character}`)
      }
  }
})

test('nothing can be cut off, put behind, or put together of two', () => {
  const one = vault.seal('alice', passwordOnly('a', null))
  const two = vault.seal('alice', passwordOnly('b', null))
  for (let length = 0; length < one.length; length++)
    assert.equal(vault.open('alice', one.slice(0, length)), undefined)
  const [, , nonce = ''] = one.split('.')
  const [version, id, , body] = two.split('.')
  const bad = [`${one}A`, `${one}=`, ` ${one}`, `${one}\n`, `v1.${one}`, one.toUpperCase()]
  for (const tampered of [...bad, [version, id, nonce, body].join('.'), '', 'v1...', '{}'])
    assert.equal(vault.open('alice', tampered), undefined, tampered)
})

test('whatever was not sealed by us is opened for nobody', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json()), (junk) => {
      for (const sealed of [
        junk,
        `v1.00000000.${junk}`,
        `v1.${vault.seal('x', passwordOnly('', null)).slice(3, 11)}.${junk}`,
      ])
        assert.equal(vault.open('alice', sealed), undefined)
    }),
  )
})

test('keys change without locking anybody out: the newest seals, all open, and what is gone opens nothing', () => {
  const before = vaultOf(OLD)
  const between = vaultOf(NEW, OLD)
  const own = passwordOnly('hash', 7)
  const old = before.seal('alice', own)
  const fresh = between.seal('alice', own)
  assert.deepEqual([between.open('alice', old), between.open('alice', fresh)], [own, own])
  assert.deepEqual([between.isCurrent(old), between.isCurrent(fresh)], [false, true])
  assert.deepEqual([vault.open('alice', old), vault.open('alice', fresh)], [undefined, own])
  assert.equal(before.open('alice', fresh), undefined)
  assert.equal(vaultOf(OTHER).open('alice', fresh), undefined)
})

test('a key that is not ours is named, by an id that says nothing about it', () => {
  const sealed = vault.seal('alice', passwordOnly('hash', null))
  const id = vaultOf(OTHER).strangeKey(sealed)
  assert.match(id ?? '', /^[0-9a-f]{8}$/)
  assert.ok(sealed.startsWith(`v1.${id}.`))
  assert.equal(vault.strangeKey(sealed), undefined)
  for (const none of ['', 'x', sealed.slice(0, 20)]) assert.equal(vault.strangeKey(none), undefined)
})

test('ASVS 14.2.4: two texts of the same are never alike, and neither shows anything', () => {
  const own = passwordOnly('a-hash-that-would-be-seen', null)
  const texts = new Set(Array.from({ length: 1_000 }, () => vault.seal('alice', own)))
  assert.equal(texts.size, 1_000)
  for (const sealed of texts)
    assert.ok(!Buffer.from(sealed.split('.').at(-1) ?? '', 'base64url').includes('hash'))
})

test('what was sealed before is opened still: a store that is rolled back is not found out here', () => {
  const earlier = vault.seal('alice', passwordOnly('first', null))
  vault.seal('alice', passwordOnly('second', null))
  assert.equal(vault.open('alice', earlier)?.passwordHash, 'first')
})

test('the operator is told once why a user cannot log in, and nothing of what is stored', () => {
  const told: string[] = []
  const telling = tellingVault(vaultOf(NEW), (sentence) => told.push(sentence))
  const strange = vaultOf(OTHER).seal('alice', passwordOnly('hash', null))
  const own = vault.seal('bob', passwordOnly('hash', null))
  for (let round = 0; round < 3; round++) {
    assert.equal(telling.open('alice', strange), undefined)
    assert.equal(telling.open('mallory', own), undefined)
    assert.ok(telling.open('bob', own))
  }
  telling.openDecoy()
  assert.equal(told.length, 2)
  assert.match(
    told[0] ?? '',
    /^the user "alice" cannot log in: .* under the factor key [0-9a-f]{8}, which is not configured here$/,
  )
  assert.match(
    told[1] ?? '',
    /^the user "mallory" cannot log in: what is stored of him was not sealed for him/,
  )
  for (let user = 0; user < 2_000; user++) telling.open(`u${user}`, own)
  assert.equal(told.length, 1_000, 'whoever writes to the store does not fill the log')
})
