import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  allows,
  compilePermissions,
  cutDown,
  isPermissionPattern,
  matches,
  parsePermission,
  patternsOf,
} from '../../src/access/permission.ts'
import type { CompiledPermissions } from '../../src/auth/context.ts'

const word = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,8}$/)
/** Few words, so that patterns and permissions meet. */
const fewWords = fc.constantFrom('notes', 'time', 'read', 'write')
const permission = fc.tuple(fewWords, fewWords).map(([area, verb]) => `${area}:${verb}`)
const pattern = fc.oneof(
  permission,
  fewWords.map((area) => `${area}:*`),
  fewWords.map((verb) => `*:${verb}`),
  fc.constant('*'),
)

test('a permission is area:verb in lower case, and never a wildcard', () => {
  for (const good of ['notes:read', 'a:b', '0:9', 'file-s:read_all', `${'a'.repeat(64)}:b`])
    assert.equal(parsePermission(good), good)
  const bad = ['', ':', 'notes', 'notes:', ':read', 'notes:*', '*', '*:read', 'Notes:read', 'notes:read:all']
  const worse = [
    ' notes:read',
    'notes:read\n',
    'notes: read',
    '-a:b',
    'a:_b',
    `${'a'.repeat(65)}:b`,
    'n.x:read',
    'nötes:r',
  ]
  for (const text of [...bad, ...worse]) assert.equal(parsePermission(text), undefined, JSON.stringify(text))
})

test('a pattern is a permission, a whole area, one verb everywhere, or everything', () => {
  for (const good of ['notes:read', 'notes:*', '*:read', '*']) assert.ok(isPermissionPattern(good))
  for (const bad of ['*:*', 'no*:read', 'notes:re*', '**', '*notes', 'notes*', '', 'notes', '*\n'])
    assert.ok(!isPermissionPattern(bad), JSON.stringify(bad))
})

test('everything covers every permission', () => {
  fc.assert(fc.property(word, word, (area, verb) => matches('*', `${area}:${verb}`)))
})

test('an area covers exactly its permissions, and a verb exactly its own', () => {
  fc.assert(
    fc.property(word, word, word, (area, verb, other) => {
      assert.ok(matches(`${area}:*`, `${area}:${verb}`))
      assert.ok(matches(`*:${verb}`, `${area}:${verb}`))
      assert.equal(matches(`${area}:*`, `${other}:${verb}`), area === other)
      assert.equal(matches(`*:${verb}`, `${area}:${other}`), verb === other)
      assert.equal(matches(`${area}:${verb}`, `${area}:${other}`), verb === other)
    }),
  )
})

test('a list covers what one of its patterns covers', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 4 }), permission, (patterns, wanted) => {
      const alone = patterns.some((one) => matches(one, wanted))
      assert.equal(allows(compilePermissions(patterns), wanted), alone)
    }),
  )
})

test('another pattern never takes a right away', () => {
  fc.assert(
    fc.property(fc.array(pattern), pattern, permission, (patterns, more, wanted) => {
      if (allows(compilePermissions(patterns), wanted))
        assert.ok(allows(compilePermissions([...patterns, more]), wanted))
    }),
  )
})

test('a malformed permission is covered by nothing, not even by everything', () => {
  for (const bad of ['', '*', 'notes:*', '*:read', 'authenticated', 'notes', 'Notes:read', 'notes:read '])
    assert.equal(allows(compilePermissions(['*', 'notes:*', '*:read']), bad), false, bad)
})

test('a malformed pattern covers nothing', () => {
  fc.assert(
    fc.property(fc.string(), permission, (text, wanted) => {
      if (isPermissionPattern(text)) return
      const compiled = compilePermissions([text])
      assert.equal(allows(compiled, wanted), false)
      assert.deepEqual(patternsOf(compiled), [])
    }),
  )
  assert.equal(allows(compilePermissions(['notes:re*', 'notes.*', '.*:.*']), 'notes:read'), false)
})

test('no patterns cover nothing', () => {
  fc.assert(fc.property(permission, (wanted) => !allows(compilePermissions([]), wanted)))
})

test('a value that was made anywhere else allows nothing', () => {
  const real = compilePermissions(['*'])
  const copies = [
    {},
    { ...real },
    structuredClone(real),
    Object.create(real),
    new Proxy(real, {}),
    null,
    undefined,
  ]
  for (const copy of copies) {
    // What a caller with a cast could hand in.
    const forged: CompiledPermissions = Object(copy)
    assert.equal(allows(forged, 'notes:read'), false)
    assert.deepEqual(patternsOf(forged), [])
  }
  assert.ok(allows(real, 'notes:read'))
})

test('a compiled value is frozen and shows its patterns once each', () => {
  const patterns = ['notes:read', '*:read', 'notes:read']
  const compiled = compilePermissions(patterns)
  patterns.push('*')
  assert.ok(Object.isFrozen(compiled))
  assert.deepEqual(patternsOf(compiled), ['notes:read', '*:read'])
  assert.ok(!allows(compiled, 'notes:write'))
})

const patterns = fc.array(fc.oneof(pattern, fc.string({ maxLength: 6 })), { maxLength: 5 })

test('what is cut down allows exactly what both sides allow, shown as such, however often it is cut', () => {
  fc.assert(
    fc.property(patterns, fc.array(patterns, { maxLength: 3 }), permission, (own, ceilings, wanted) => {
      const cut = ceilings.reduce(cutDown, compilePermissions(own))
      const all = [own, ...ceilings].every((each) => allows(compilePermissions(each), wanted))
      assert.equal(allows(cut, wanted), all)
      assert.equal(allows(compilePermissions(patternsOf(cut)), wanted), all)
    }),
    { numRuns: 2000 },
  )
})

test('a ceiling above nothing, or above what was made elsewhere, is nothing', () => {
  const forged: CompiledPermissions = JSON.parse('{"patterns":["*"]}')
  for (const permissions of [compilePermissions([]), forged]) {
    assert.equal(allows(cutDown(permissions, ['*']), 'notes:read'), false)
    assert.deepEqual(patternsOf(cutDown(permissions, ['*'])), [])
  }
  assert.equal(allows(cutDown(compilePermissions(['*']), []), 'notes:read'), false)
})
