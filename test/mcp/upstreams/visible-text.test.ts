import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  hasHiddenText,
  madeVisible,
  mixedWords,
  stripHidden,
} from '../../../src/mcp/upstreams/visible-text.ts'

const PLAIN = [
  ['', 'nothing'],
  ['a\tb\r\nc\n', 'lines and tabs'],
  ['äöü 文字 עברית Tシャツ привет Δt μs', 'letters of any language'],
  ['⚠️ 👩🏽‍💻 1️⃣ 🇩🇪 ☺︎ ❤️‍🔥', 'emoji, joined ones too'],
  [
    '\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    'the flag of England, which is made of tags',
  ],
  ['می\u200cخواهم क्\u200dष', 'joiners where letters are written with them'],
] as const

const HIDDEN = [
  ['a\u200bb', 'ab', 'a<U+200B>b', 'a space of no width'],
  ['a\u200b\u001b[2Jb', 'ab', 'a<U+200B><U+001B>[2Jb', 'something hidden before a sequence'],
  ['a\u0000\u001b[2Jb', 'ab', 'a<U+0000><U+001B>[2Jb', 'a control before a sequence'],
  ['a\u001b\u200b[\u200b2Jb', 'ab', 'a<U+001B><U+200B>[<U+200B>2Jb', 'something hidden within a sequence'],
  ['x\u202eevil\u202c', 'xevil', 'x<U+202E>evil<U+202C>', 'a change of direction'],
  ['x\u2066y\u2069', 'xy', 'x<U+2066>y<U+2069>', 'an isolate'],
  ['Search.\u{e0049}\u{e0067}', 'Search.', 'Search.<U+E0049><U+E0067>', 'letters as tags'],
  [
    '\u{1f3f4}\u{e0049}\u{e007f}',
    '\u{1f3f4}',
    '\u{1f3f4}<U+E0049><U+E007F>',
    'tags on a flag that no country has',
  ],
  ['a\ufe01\u{e0101}', 'a', 'a<U+FE01><U+E0101>', 'variations that carry bytes'],
  ['👍\ufe0f\ufe0f', '👍\ufe0f', '👍\ufe0f<U+FE0F>', 'a second form of one emoji'],
  ['a\u200db', 'ab', 'a<U+200D>b', 'a joiner between letters that are never joined'],
  ['a\u00adb\u034fc\u3164d\u115fe', 'abcde', 'a<U+00AD>b<U+034F>c<U+3164>d<U+115F>e', 'hyphens and fillers'],
  ['a\u2028b\u2029c', 'abc', 'a<U+2028>b<U+2029>c', 'lines that are none'],
  ['a\u2800b', 'ab', 'a<U+2800>b', 'braille without dots'],
  ['good\rbad', 'goodbad', 'good<U+000D>bad', 'going back to the start of the line'],
  ['a\ud800b', 'ab', 'a<U+D800>b', 'half a character'],
  ['\u0000\u007f\u0085', '', '<U+0000><U+007F><U+0085>', 'controls'],
  [
    '\u001b[2J\u001b[31mred\u001b[0m',
    'red',
    '<U+001B>[2J<U+001B>[31mred<U+001B>[0m',
    'colours of a terminal',
  ],
  ['\u009b31mred', 'red', '<U+009B>31mred', 'colours in one character'],
  [
    '\u001b]8;;http://evil\u0007link\u001b]8;;\u001b\\',
    'link',
    '<U+001B>]8;;http://evil<U+0007>link<U+001B>]8;;<U+001B>\\',
    'a link of a terminal',
  ],
  ['\u001b]0;never ended', '0;never ended', '<U+001B>]0;never ended', 'a title that never ends'],
  ['\u001b(0qq', 'qq', '<U+001B>(0qq', 'another set of letters'],
] as const

const ALL = [...PLAIN.map(([text, what]) => [text, text, text, what] as const), ...HIDDEN]

for (const [text, stripped, shown, what] of ALL)
  test(`${what}: ${text === shown ? 'not hidden, and left as it is' : 'found, taken out, shown'}`, () => {
    assert.equal(hasHiddenText(text), text !== shown)
    assert.equal(stripHidden(text), stripped)
    assert.equal(madeVisible(text), shown)
  })

test('letters of other scripts among Latin ones are told and shown, but never taken out', () => {
  const text = 'send to p\u0430ypal via \u{1d42c}earch or \uff53earch, not привет'
  assert.deepEqual(mixedWords(text), ['p\u0430ypal', '\u{1d42c}earch', '\uff53earch'])
  assert.equal(madeVisible(text), 'send to p<U+0430>ypal via <U+1D42C>earch or <U+FF53>earch, not привет')
  assert.equal(stripHidden(text), text)
})

/** What is put together in ways that nobody thought of. */
const pieces = fc.array(
  fc.constantFrom(
    ...'a1🏽💻🇩🇪👩👍\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}\u20e3مक\u200b\u200c\u200d\ufe0f\u001b[]0m\u0007\r\n',
    '\ud83d',
    '\udc69',
  ),
  { maxLength: 12 },
)

test('what is stripped has nothing hidden, and stripping it again changes nothing', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        pieces.map((some) => some.join('')),
        fc.string({ unit: 'binary' }),
      ),
      (text) => {
        const stripped = stripHidden(text)
        assert.equal(hasHiddenText(stripped), false)
        assert.equal(stripHidden(stripped), stripped)
        if (!hasHiddenText(text)) assert.equal(stripped, text)
        assert.equal(hasHiddenText(madeVisible(text)), false)
      },
    ),
    { numRuns: 500 },
  )
})

test('a megabyte of the worst is done at once', () => {
  const worst = ['\u001b]', '\u200b', '\u0000', '\u200b\u001b[', '👩\u200d', 'a\u{1d42c}', '\u001b[0']
  const started = performance.now()
  for (const one of worst) {
    stripHidden(one.repeat(200_000))
    stripHidden(`${one}${'0'.repeat(1_000_000)}`)
    mixedWords(one.repeat(200_000))
  }
  assert.ok(performance.now() - started < 5_000)
})
