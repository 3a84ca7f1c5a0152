import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Pins } from '../../../src/mcp/upstreams/definition.ts'
import { parseLock } from '../../../src/mcp/upstreams/lock-file.ts'
import { lockText } from '../../../src/mcp/upstreams/lock-text.ts'
import { defined, pinsOf, somePins, toolNamed } from '../../support/definitions.ts'

const PINS = pinsOf({
  wiki: [
    defined('instructions', { text: 'Ask for pages.\n\nNever more than ten.\n' }),
    toolNamed('search', { description: 'Searches the wiki.\nGives at most ten pages.', title: 'Search' }),
    toolNamed('read', { description: 'A page, "as it is"', annotations: { readOnlyHint: true } }),
    toolNamed('hidden', { description: 'Reads.\u200b\u{e0041} 👩‍💻' }),
    defined('prompt', { name: 'summary', arguments: [{ name: 'page', required: true }] }),
    defined('template', { name: 'A page', uriTemplate: 'wiki://{page}' }),
  ],
  empty: [],
})
const TEXT = lockText(PINS)

function read(text: string): Pins {
  const { pins, faults } = parseLock(text, 'sallyport.lock.yaml')
  assert.deepEqual(faults, [])
  assert.ok(pins)
  return pins
}

function faultsOf(text: string): readonly string[] {
  const { pins, faults } = parseLock(text, 'l.yaml')
  assert.equal(pins, undefined)
  return faults
}

/** Every definition with its upstream, as one text. */
function toldOf({ upstreams }: Pins): readonly string[] {
  return [...upstreams]
    .flatMap(([upstream, definitions]) => definitions.map((one) => JSON.stringify([upstream, one])))
    .toSorted()
}

/** The same without the upstream. */
function definitionsOf({ upstreams }: Pins): readonly string[] {
  return [...upstreams.values()].flat().map((one) => JSON.stringify(one))
}

describe('a lock file', () => {
  test('is for people to read, and shows what is hidden', () => {
    for (const line of [
      '# What the upstream servers offer and somebody has approved; nothing else of them is served.',
      '  empty: {}',
      '          Ask for pages.',
      '            Searches the wiki.',
      '          description: "Reads.\\u200b\\udb40\\udc41 👩‍💻"',
      '          description: A page, "as it is"',
    ])
      assert.ok(TEXT.split('\n').includes(line), `${line}\n${TEXT}`)
  })

  test('says what was written, whatever that is, and the same text again', () => {
    fc.assert(
      fc.property(somePins, (pins) => {
        const text = lockText(pins)
        assert.deepEqual(toldOf(read(text)), toldOf(pins))
        assert.equal(lockText(read(text)), text)
        assert.equal(lockText(pins, text), text)
      }),
      { numRuns: 30 },
    )
  })

  test('is the same for any order of definitions', () => {
    const other = pinsOf(
      Object.fromEntries(
        [...PINS.upstreams].toReversed().map(([name, definitions]) => [name, definitions.toReversed()]),
      ),
    )
    assert.equal(lockText(other), TEXT)
  })

  test('keeps its comments, and what did not change, when it is written again', () => {
    const commented = TEXT.replace(
      '      search:',
      '      # Seen by Alice, 2026-11-20.\n      search: # good',
    ).replace('  wiki:', '  # The wiki of the whole company.\n  wiki:')
    const changed = pinsOf({ ...Object.fromEntries(PINS.upstreams), extra: [toolNamed('aa')] })
    const text = lockText(changed, commented)
    for (const comment of ['# Seen by Alice, 2026-11-20.', '# good', '# The wiki of the whole company.'])
      assert.ok(text.includes(comment), text)
    assert.deepEqual(toldOf(read(text)), toldOf(changed))
    assert.deepEqual(toldOf(read(lockText(PINS, text))), toldOf(PINS))
  })

  test('goes from any pins to any other', () => {
    fc.assert(
      fc.property(somePins, somePins, (before, after) => {
        assert.deepEqual(toldOf(read(lockText(after, lockText(before)))), toldOf(after))
      }),
      { numRuns: 15 },
    )
  })

  test('may be written by hand, in braces', () => {
    const { hash } = toolNamed('a')
    const text = `version: 1\nupstreams: { wiki: { tools: { a: { hash: "${hash}", definition: { inputSchema: { type: object }, name: a } } } } }\n`
    assert.deepEqual(toldOf(read(text)), toldOf(pinsOf({ wiki: [toolNamed('a')] })))
    const more = pinsOf({ wiki: [toolNamed('a'), toolNamed('b', { description: 'x\ny' })] })
    assert.deepEqual(toldOf(read(lockText(more, text))), toldOf(more))
  })

  test('of names that objects have already says just these', () => {
    const names = [
      'constructor',
      'toString',
      'hasOwnProperty',
      '1',
      '',
      'a\nb',
      '\u001b[31m',
      '<<',
      'x'.repeat(2_000),
    ]
    const pins = pinsOf({ wiki: names.map((name) => toolNamed(name)) })
    assert.deepEqual(toldOf(read(lockText(pins))), toldOf(pins))
    assert.ok(!lockText(pins).includes('\u001b'))
  })

  test('of a hundred tools is read in a moment', () => {
    const many = Array.from({ length: 100 }, (_, at) =>
      toolNamed(`tool_${at}`, { description: 'A line of it.\n'.repeat(40) }),
    )
    const text = lockText(pinsOf({ wiki: many }))
    const started = performance.now()
    assert.equal(read(text).upstreams.get('wiki')?.length, 100)
    assert.ok(performance.now() - started < 5_000)
  })
})

describe('a lock file is refused as a whole, with the place and what to do', () => {
  const hash = /sha256:[0-9a-f]{64}/.exec(TEXT)?.[0] ?? ''
  const edits: readonly (readonly [what: string, text: string, fault: RegExp])[] = [
    ['it is empty', '', /^l\.yaml:1:1: there is no map in this file/],
    ['it is no map', '- version', /^l\.yaml:1:1: there is no map/],
    ['it has no upstreams', 'version: 1\n', /there is no map "upstreams"/],
    ['its upstreams are nothing', 'version: 1\nupstreams:\n', /^l\.yaml:2:1: there is no map "upstreams"/],
    [
      'its version is another',
      TEXT.replace('version: 1', 'version: 2'),
      /^l\.yaml:\d+:1: the version of a lock file is 1/,
    ],
    [
      'it has a key too many',
      `${TEXT}more: 1\n`,
      /^l\.yaml:\d+:1: unknown key "more": there can be version, upstreams/,
    ],
    [
      'a section is misspelt',
      TEXT.replace('    tools:', '    toolz:'),
      /:5: unknown key "toolz": did you mean "tools"\?/,
    ],
    [
      'an entry has a key too many',
      TEXT.replace('        hash:', '        hush: 1\n        hash:'),
      /unknown key "hush": did you mean "hash"\?/,
    ],
    [
      'a hash is in capitals',
      TEXT.replace(hash, hash.toUpperCase().replace('SHA256', 'sha256')),
      /64 hex digits in small letters/,
    ],
    [
      'a hash is of another kind',
      TEXT.replace(hash, hash.replace('sha256', 'sha512')),
      /a hash is "sha256:"/,
    ],
    ['a hash is cut', TEXT.replace(hash, hash.slice(0, -1)), /a hash is "sha256:"/],
    [
      'a hash is another',
      TEXT.replace(hash, `sha256:${'0'.repeat(64)}`),
      /not the one that was approved.*lock approve wiki/,
    ],
    [
      'a description is another',
      TEXT.replace('at most ten pages', 'all pages'),
      /not the one that was approved/,
    ],
    [
      'a description has a blank more',
      TEXT.replace('at most ten pages.', 'at most ten pages. '),
      /not the one that was approved/,
    ],
    ['a name is another', TEXT.replace('      search:', '      delete:'), /its name is not "delete"/],
    [
      'a member is not pinned',
      TEXT.replace('          name: search', '          name: search\n          handler: x'),
      /more in it than is pinned/,
    ],
    [
      '`_meta` is served to nobody',
      TEXT.replace('          name: search', '          name: search\n          _meta: { vendor/x: 1 }'),
      /more in it than is pinned/,
    ],
    ['the schema is none', TEXT.replace('type: object', 'type: text'), /no tool as the protocol has it/],
    [
      'an upstream has no such name',
      TEXT.replace('  wiki:', '  Wiki_1:'),
      /"Wiki_1" is no name of an upstream/,
    ],
    [
      'a number is none',
      TEXT.replace('readOnlyHint: true', 'readOnlyHint: .nan'),
      /no tool as the protocol has it/,
    ],
    ['there is an anchor', TEXT.replace('  wiki:', '  wiki: &a'), /anchors \(&a\) are not used here/],
    ['there is an alias', TEXT.replace('    prompts:', '    prompts: *a'), /l\.yaml:\d+/],
    ['there is a merge', TEXT.replace('    prompts:', '    <<: {}\n    prompts:'), /unknown key "<<"/],
    ['there is a tag', TEXT.replace('version: 1', 'version: !!js/function 1'), /tag/i],
    ['a key is doubled', TEXT.replace('  wiki:', '  empty: {}\n  wiki:'), /unique/],
    ['there is a second document', `${TEXT}---\nversion: 1\n`, /document/],
    [
      'there is a key __proto__',
      TEXT.replace('    prompts:', '    __proto__: {}\n    prompts:'),
      /__proto__ is not allowed/,
    ],
    ['there is a control character', TEXT.replace('Ask for', 'Ask\u0007for'), /control characters/],
    ['it is too large', `${TEXT}# ${'x'.repeat(17_000_000)}\n`, /larger than 16 MiB/],
  ]
  for (const [what, text, fault] of edits)
    test(`when ${what}`, () => {
      assert.notEqual(text, TEXT)
      assert.match(faultsOf(text).join('\n'), fault)
    })

  test('with at most twenty faults', () => {
    assert.equal(
      faultsOf(`version: 1\nupstreams:\n${Array.from({ length: 50 }, (_, at) => `  U${at}: {}\n`).join('')}`)
        .length,
      20,
    )
  })
})

describe('a lock file never says what was not approved', () => {
  const approved = new Set(definitionsOf(PINS))
  /** Nothing, or some of what was approved; what an upstream is called there no hash can know. */
  const harmless = (text: string): void => {
    const { pins } = parseLock(text, 'l.yaml')
    if (pins === undefined) return
    for (const told of definitionsOf(pins)) assert.ok(approved.has(told), `${told}\n${text}`)
  }

  test('cut short at any character', () => {
    // Of what is only read there are few ways to be cut: every line, and every character of some.
    for (let end = 0; end < TEXT.length; end += 37) harmless(TEXT.slice(0, end))
    for (const { index } of TEXT.matchAll(/\n/g)) harmless(TEXT.slice(0, index + 1))
  })

  test('with lines that are gone, doubled or elsewhere', () => {
    const lines = TEXT.split('\n')
    fc.assert(
      fc.property(
        fc.nat(lines.length - 1),
        fc.nat(lines.length - 1),
        fc.constantFrom('drop', 'copy', 'swap'),
        (one, other, how) => {
          const edited = [...lines]
          const line = lines[one] ?? ''
          if (how === 'swap') edited[one] = lines[other] ?? ''
          edited.splice(other, how === 'copy' ? 0 : 1, ...(how === 'drop' ? [] : [line]))
          harmless(edited.join('\n'))
        },
      ),
      { numRuns: 80 },
    )
  })

  test('with other characters anywhere', () => {
    fc.assert(
      fc.property(
        fc.nat(TEXT.length - 1),
        fc.nat(3),
        fc.constantFrom(
          '',
          'a',
          '0',
          ' ',
          '\n',
          '"',
          '\u200b',
          '#',
          'A',
          '-',
          ':',
          "'",
          '\\',
          'null',
          '\n  ',
        ),
        (at, gone, put) => harmless(TEXT.slice(0, at) + put + TEXT.slice(at + gone)),
      ),
      { numRuns: 150 },
    )
  })
})
