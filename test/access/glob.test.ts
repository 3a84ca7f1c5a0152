import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { compileGlob, globProblem } from '../../src/access/glob.ts'

const FITS: readonly (readonly [pattern: string, text: string, fits: boolean])[] = [
  ['notes_read', 'notes_read', true],
  ['notes_read', 'notes_reads', false],
  ['notes_read', 'Notes_read', false],
  ['files_*', 'files_delete', true],
  ['files_*', 'files_', true],
  ['files_*', 'my_files_delete', false],
  ['*_delete', 'files_delete', true],
  ['*_delete', 'files_delete_all', false],
  ['*', 'anything', true],
  ['*', '', true],
  ['*', 'a/b', false],
  ['**', 'a/b', true],
  ['**', '', true],
  ['note://*', 'note://a', true],
  ['note://*', 'note://a/b', false],
  ['note://**', 'note://a/b', true],
  ['note://**/x', 'note://a/b/x', true],
  ['note://**/x', 'note://x', false],
  ['note://*/b/**', 'note://a/b/c/d', true],
  ['note://*/b/**', 'note://a/a/b/c', false],
  ['n?te', 'note', true],
  ['n?te', 'nte', false],
  ['n?te', 'n/te', false],
  ['a*a*b', 'aaab', true],
  ['**b*c', 'a/b/bxc', true],
  ['**b*c', 'a/b/b/c', false],
  ['a.c', 'abc', false],
  ['[ab]', 'a', false],
  ['[ab]', '[ab]', true],
  ['note://{id}', 'note://{id}', true],
  ['a\\*', 'a\\b', true],
  ['*', 'a\nb', true],
  ['caf\u00e9', 'cafe\u0301', false],
  ['caf?', 'cafe\u0301', false],
]

for (const [pattern, text, expected] of FITS) {
  test(`${JSON.stringify(pattern)} ${expected ? 'means' : 'does not mean'} ${JSON.stringify(text)}`, () => {
    assert.equal(compileGlob(pattern)(text), expected)
  })
}

test('a pattern means what the same regular expression would mean', () => {
  const piece = fc.constantFrom('a', 'b', '/', '*', '**', '?')
  const pattern = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(''))
  const text = fc
    .array(fc.constantFrom('a', 'b', '/', '*'), { maxLength: 10 })
    .map((letters) => letters.join(''))
  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      fc.pre(globProblem(glob) === undefined)
      const expression = glob.replaceAll(/\*\*|\*|\?/g, (token) =>
        token === '**' ? '[^]*' : token === '*' ? '[^/]*' : '[^/]',
      )
      assert.equal(compileGlob(glob)(name), new RegExp(`^${expression}$`).test(name))
    }),
    { numRuns: 1000 },
  )
})

test('a text made to slow a pattern down is answered', () => {
  assert.equal(compileGlob('*a*a*a*a*a*a*a*a*a*b')('a'.repeat(100_000)), false)
})

const PROBLEMS: readonly (readonly [pattern: string, problem: RegExp | undefined])[] = [
  ['', /is empty/],
  ['a***', /three stars/],
  ['a'.repeat(257), /longer than 256/],
  ['a'.repeat(256), undefined],
  ['**', undefined],
]

for (const [pattern, problem] of PROBLEMS) {
  test(`the pattern ${JSON.stringify(pattern.slice(0, 9))} of ${pattern.length} is ${problem === undefined ? 'one' : 'refused'}`, () => {
    if (problem === undefined) assert.equal(globProblem(pattern), undefined)
    else assert.match(globProblem(pattern) ?? '', problem)
  })
}
