import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passkeyLabel } from '../../src/login/passkey-label.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'

test('a passkey is called as its owner says, without what cannot be seen', () => {
  assert.equal(passkeyLabel('  blue\u0000\n key\u202e ', FIREFOX), 'blue key')
  assert.equal(passkeyLabel('Schlüssel', FIREFOX), 'Schlüssel')
})

test('without a name it is called after the device', () => {
  for (const typed of [undefined, '', ' \t\n', '\u200b'])
    assert.equal(passkeyLabel(typed, FIREFOX), 'Firefox 128 on Linux')
})

test('no name is longer than 64 characters, and none is cut in the middle of one', () => {
  assert.equal(passkeyLabel('x'.repeat(100), FIREFOX).length, 64)
  assert.equal(passkeyLabel(`${'x'.repeat(63)}🔑`, FIREFOX), 'x'.repeat(63))
})
