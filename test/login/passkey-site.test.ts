import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasPasskeyName, passkeySite } from '../../src/login/passkey-site.ts'

const ours = (origin: string, host: string | undefined): boolean =>
  origin === `https://${host?.toLowerCase()}`

test('the relying party is the host, and the origin has its port', () => {
  assert.deepEqual(passkeySite('localhost:8444', ours), {
    rpId: 'localhost',
    origin: 'https://localhost:8444',
  })
  assert.deepEqual(passkeySite('Door.Example', ours), {
    rpId: 'door.example',
    origin: 'https://door.example',
  })
})

test('an address, in whatever spelling, has none', () => {
  for (const host of [
    '127.0.0.1',
    '127.0.0.1:8444',
    '127.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '[::1]:8444',
    '1.2.3.4.',
  ])
    assert.equal(
      passkeySite(host, () => true),
      undefined,
      host,
    )
})

test('what is no host has none, nor has one of which we take no posts', () => {
  for (const host of [
    undefined,
    '',
    'a b',
    'user@door.example',
    'door.example/path',
    'door.example?x',
    'door.example#x',
    'door.example:99999',
  ])
    assert.equal(
      passkeySite(host, () => true),
      undefined,
      host,
    )
  assert.equal(
    passkeySite('door.example', () => false),
    undefined,
  )
  assert.equal(hasPasskeyName({ host: 'localhost' }, { isAllowedOrigin: ours }), true)
  assert.equal(hasPasskeyName({ host: '127.0.0.1' }, { isAllowedOrigin: ours }), false)
})
