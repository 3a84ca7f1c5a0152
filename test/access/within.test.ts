import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rootProblem, withinDirectory } from '../../src/access/within.ts'

const isShared = withinDirectory('/srv/share')

const INSIDE: readonly (readonly [path: string, why: string])[] = [
  ['/srv/share', 'the directory itself'],
  ['/srv/share/', 'a slash at its end'],
  ['/srv/share/a', 'a file in it'],
  ['/srv/share/a/b/c.txt', 'a file deep in it'],
  ['//srv///share//a', 'doubled slashes'],
  ['/srv/./share/./a', 'dots'],
  ['/srv/share/a/../b', 'up and down again inside of it'],
  ['/srv/../srv/share/a', 'up and down again outside of it'],
  ['/../srv/share/a', 'above the root there is the root'],
  ['/srv/share/...', 'three dots are a name'],
  ['/srv/share/..a', 'two dots begin a name'],
  ['/srv/share/a b', 'a space'],
  ['/srv/share/100%', 'a percent sign alone'],
  ['/srv/share/50%.txt', 'a percent sign before what is no hexadecimal'],
  ['/srv/share/a~', 'a tilde at the end of a name'],
  ['/srv/share/Übersicht/日本語.txt', 'other scripts'],
]

for (const [path, why] of INSIDE)
  test(`within the directory is ${why}: ${path}`, () => {
    assert.equal(isShared(path), true)
  })

const OUTSIDE: readonly (readonly [path: string, why: string])[] = [
  ['/', 'the root'],
  ['/srv', 'what is above'],
  ['/srv/shared', 'what only begins alike'],
  ['/srv/share.txt', 'a file that begins alike'],
  ['/srv/share/..', 'up'],
  ['/srv/share/../share2/a', 'up and into another'],
  ['/srv/share/../etc/passwd', 'up and out'],
  ['/srv/share/a/../../../etc/passwd', 'up and out from below'],
  ['/srv/share/./.././/../etc', 'up by detours'],
  ['/SRV/share', 'another case'],
]

for (const [path, why] of OUTSIDE)
  test(`not within the directory is ${why}: ${JSON.stringify(path.slice(0, 40))}`, () => {
    assert.equal(isShared(path), false)
  })

const AMBIGUOUS: readonly (readonly [path: string, why: string])[] = [
  ['', 'nothing'],
  ['srv/share/a', 'a relative path'],
  ['./srv/share', 'a relative path with a dot'],
  ['../srv/share', 'a relative path upwards'],
  [' /srv/share', 'a space before it'],
  ['/srv/share/\0', 'a NUL'],
  ['/srv/share/a\n', 'a line break'],
  ['/srv/share\\..\\etc', 'backslashes'],
  ['/srv/share/%2e%2e/etc', 'encoded dots'],
  ['/srv/share/%2E%2e/etc', 'encoded dots in mixed case'],
  ['/srv/share/..%2fetc', 'an encoded slash'],
  ['/srv/share/%252e%252e/etc', 'dots encoded twice'],
  ['/srv/share/%c0%ae%c0%ae/etc', 'dots in overlong UTF-8'],
  ['/srv/share/%u002e%u002e/etc', 'dots encoded as by some servers'],
  ['/srv/share/\uff0e\uff0e/etc', 'fullwidth dots'],
  ['/srv/share/\u2024\u2024/etc', 'one dot leaders'],
  ['/srv/share/\u2025/etc', 'a two dot leader'],
  ['/srv/share/\ufe52\ufe52/etc', 'small dots'],
  ['/srv/share/..\u2215etc', 'a division slash'],
  ['/srv/share/..\u2044etc', 'a fraction slash'],
  ['/srv/share/..\uff0fetc', 'a fullwidth slash'],
  ['/srv/share/..\uff3cetc', 'a fullwidth backslash'],
  ['/srv/share/\u2100', 'a sign that has a slash in it'],
  ['/srv/share/\uff05\u0032e', 'a fullwidth percent sign'],
  ['/~/../srv/share', 'a home directory'],
  ['/srv/share/~root', 'a home directory below'],
  ['file:///srv/share/a', 'a URI'],
  [`/srv/share/${'a'.repeat(4096)}`, 'a path that is too long'],
  ['/srv/share/.. ', 'dots that somebody trims'],
  ['/srv/share/..\u00a0/etc', 'dots before a blank'],
  ['/srv/share/.\u200b./etc', 'dots around what is not seen'],
  ['/srv/share/..\u00a5etc', 'a yen sign'],
  ['/srv/share/ ', 'a blank'],
]

for (const [path, why] of AMBIGUOUS)
  test(`neither within the directory nor outside is ${why}: ${JSON.stringify(path.slice(0, 40))}`, () => {
    assert.equal(isShared(path), undefined)
  })

test('the root directory has every plain absolute path in it', () => {
  const isAnywhere = withinDirectory('/')
  for (const path of ['/', '/etc', '/a/..', '/..']) assert.equal(isAnywhere(path), true, path)
  for (const path of ['', 'etc', '/%2e']) assert.equal(isAnywhere(path), undefined, path)
})

test('whatever the path, within says what the file system would say of its segments', () => {
  const segment = fc.constantFrom('srv', 'share', 'a', '.', '..', '')
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
      const path = `/${segments.join('/')}`
      const plain = new URL(`file://${path.replaceAll(/\/{2,}/g, '/')}`).pathname.replace(/\/$/, '')
      assert.equal(isShared(path), plain === '/srv/share' || plain.startsWith('/srv/share/'))
    }),
    { numRuns: 500 },
  )
})

const ROOTS: readonly (readonly [root: string, problem: RegExp | undefined])[] = [
  ['/srv/share', undefined],
  ['/srv/share/', undefined],
  ['/', undefined],
  ['', /absolute/],
  ['srv', /absolute/],
  ['/srv/../etc', /without/],
  ['/srv/./etc', /without/],
  ['/srv//etc', /without/],
  ['//', /without/],
  ['/srv\\etc', /plain path/],
  ['/srv/%2e', /plain path/],
  ['/~', /plain path/],
]

for (const [root, problem] of ROOTS)
  test(`the root ${JSON.stringify(root)} is ${problem === undefined ? 'one' : 'refused'}`, () => {
    if (problem === undefined) assert.equal(rootProblem(root), undefined)
    else assert.match(rootProblem(root) ?? '', problem)
  })
