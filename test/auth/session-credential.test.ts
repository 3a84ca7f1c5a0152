import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { cookieNamed, SESSION_COOKIE, sessionTokenFrom } from '../../src/auth/session-credential.ts'
import { newSessionToken } from '../../src/auth/session-token.ts'

const KEYS = ['the newest key, which signs', 'an older key, which only verifies']
const TOKEN = newSessionToken('alice')
const NONE = { authorization: undefined, cookie: undefined }

/** The package that express-session itself signs with, so that both sides of the format are real. */
function signed(value: string, key: string): string {
  const load = createRequire(createRequire(import.meta.url).resolve('express-session'))
  const { sign } = load('cookie-signature') as { sign: (value: string, key: string) => string }
  return `s:${sign(value, key)}`
}

function refusedFor(authorization: string | undefined, cookie: string | undefined): string | undefined {
  const found = sessionTokenFrom({ authorization, cookie }, KEYS)
  return found.kind === 'refused' ? found.reason : undefined
}

test('nothing presented is absent, not refused', () => {
  assert.deepEqual(sessionTokenFrom(NONE, KEYS), { kind: 'absent' })
})

test('a bearer token is taken, whatever the case of the scheme', () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer '])
    assert.deepEqual(sessionTokenFrom({ ...NONE, authorization: `${scheme} ${TOKEN}` }, KEYS), {
      kind: 'token',
      token: TOKEN,
      from: 'bearer',
    })
})

test('an authorization header that is not one session token is refused, never skipped', () => {
  const headers = [
    '',
    'Bearer',
    'Bearer ',
    TOKEN,
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN} ${TOKEN}`,
    `Bearer ${TOKEN}, Bearer ${TOKEN}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer SPS_${TOKEN.slice(4)}`,
    `Bearer\t${TOKEN}`,
    ` Bearer ${TOKEN}`,
    `Bearer ${TOKEN}\n`,
    `Bearer ${' '.repeat(300)}${TOKEN}`,
    'Bearer abc',
  ]
  for (const header of headers)
    assert.equal(refusedFor(header, undefined), 'credential_malformed', JSON.stringify(header))
})

test('a cookie that express-session signed is taken, with the newest key and with an older one', () => {
  for (const key of KEYS)
    assert.deepEqual(sessionTokenFrom({ ...NONE, cookie: signed(TOKEN, key) }, KEYS), {
      kind: 'token',
      token: TOKEN,
      from: 'cookie',
    })
})

test('a cookie signed with another key is refused', () => {
  assert.equal(refusedFor(undefined, signed(TOKEN, 'not ours')), 'session_invalid')
})

test('a signed cookie with any one character changed, added or taken away is refused', () => {
  const good = signed(TOKEN, 'the newest key, which signs')
  for (let at = 0; at < good.length; at++) {
    for (const other of ['A', '0', '_', '.', '%']) {
      if (good[at] === other) continue
      const changed = good.slice(0, at) + other + good.slice(at + 1)
      assert.equal(refusedFor(undefined, changed), 'session_invalid', changed)
    }
    const shorter = good.slice(0, at) + good.slice(at + 1)
    assert.equal(refusedFor(undefined, shorter), 'session_invalid', shorter)
  }
  for (const more of [`${good}=`, `${good}\n`, ` ${good}`, good + good])
    assert.equal(refusedFor(undefined, more), 'session_invalid', more)
})

test('the spare bits of the last base64 letter do not give a second good signature', () => {
  const good = signed(TOKEN, 'the newest key, which signs')
  const accepted = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    .split('')
    .filter((letter) => refusedFor(undefined, good.slice(0, -1) + letter) === undefined)
  assert.deepEqual(accepted, [good.at(-1)])
})

test('a well-signed cookie that holds no session token is refused', () => {
  for (const value of ['', 'abc', 'j:{}', TOKEN.slice(1)])
    assert.equal(refusedFor(undefined, signed(value, 'the newest key, which signs')), 'session_invalid')
})

test('an unsigned, empty or endless cookie is refused', () => {
  for (const cookie of ['', TOKEN, `s:${TOKEN}`, `s:${'a'.repeat(100_000)}`])
    assert.equal(refusedFor(undefined, cookie), 'session_invalid')
})

test('cookie and bearer token together are refused, even when both are the same good token', () => {
  assert.equal(
    refusedFor(`Bearer ${TOKEN}`, signed(TOKEN, 'the newest key, which signs')),
    'credential_conflict',
  )
  assert.equal(refusedFor('', ''), 'credential_conflict')
})

test('without a key no cookie is good', () => {
  const cookie = signed(TOKEN, '')
  assert.deepEqual(sessionTokenFrom({ ...NONE, cookie }, []), { kind: 'refused', reason: 'session_invalid' })
})

test('a cookie is found by its exact name and percent-decoded', () => {
  const header = `a=1; ${SESSION_COOKIE}=s%3Ax%2Fy%2B; x${SESSION_COOKIE}=2; ${SESSION_COOKIE.toUpperCase()}=3`
  assert.deepEqual(cookieNamed(header, SESSION_COOKIE), { kind: 'found', value: 's:x/y+' })
})

test('no header, no such cookie and a name without a value are absent', () => {
  for (const header of [undefined, '', ';;', 'a=1', SESSION_COOKIE, `\u00a0${SESSION_COOKIE}=1`])
    assert.deepEqual(cookieNamed(header, SESSION_COOKIE), { kind: 'absent' }, String(header))
})

test('an empty value is a cookie that is there', () => {
  assert.deepEqual(cookieNamed(`${SESSION_COOKIE}=`, SESSION_COOKIE), { kind: 'found', value: '' })
})

test('quotes around a value are not part of it', () => {
  assert.deepEqual(cookieNamed(`${SESSION_COOKIE}="a b"`, SESSION_COOKIE), { kind: 'found', value: 'a b' })
})

test('the same cookie twice is refused, also with the same value', () => {
  for (const second of ['1', '2', ''])
    assert.deepEqual(cookieNamed(`${SESSION_COOKIE}=1; b=2; ${SESSION_COOKIE}=${second}`, SESSION_COOKIE), {
      kind: 'refused',
      reason: 'credential_conflict',
    })
})

test('a cookie that cannot be decoded and a header that is too long are refused', () => {
  for (const header of [`${SESSION_COOKIE}=%E0%A4%A`, `a=${'x'.repeat(20_000)}`])
    assert.deepEqual(cookieNamed(header, SESSION_COOKIE), { kind: 'refused', reason: 'credential_malformed' })
})

test('blanks around names and values are not part of them, however many', () => {
  const blanks = ' \t'.repeat(3_000)
  const header = `a=${blanks}1;${blanks}${SESSION_COOKIE}${blanks}=${blanks}x${blanks}`.slice(0, 16_000)
  assert.equal(cookieNamed(header, SESSION_COOKIE).kind, 'absent')
  assert.deepEqual(cookieNamed(`a=1;\t ${SESSION_COOKIE} =\tx `, SESSION_COOKIE), {
    kind: 'found',
    value: 'x',
  })
})
