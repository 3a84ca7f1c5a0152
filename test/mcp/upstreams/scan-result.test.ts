import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ResultRules } from '../../../src/mcp/upstreams/options.ts'
import { resultScanner } from '../../../src/mcp/upstreams/scan-result.ts'
import { redactSecrets } from '../../../src/mcp/upstreams/scan-secrets.ts'

type Rules = Partial<Omit<ResultRules, 'bytes'>>

function scan(result: Record<string, unknown>, rules: Rules) {
  const scanner = resultScanner({ bytes: 1, secrets: 'pass', hiddenText: 'pass', ...rules })
  assert.ok(scanner)
  return scanner(result)
}

const content = (text: string) => ({ content: [{ type: 'text', text }] })

/** In pieces, so that nobody takes it for a secret of this project. */
const pieces = (...parts: string[]): string => parts.join('')

const SECRETS: readonly (readonly [string, string])[] = [
  ['AWS access key', pieces('AKIA', 'IOSFODNN7EXAMPLE')],
  ['GitHub token', pieces('ghp_', 'a1B2'.repeat(9))],
  ['GitHub token', pieces('github_pat_', 'a1B2'.repeat(16))],
  ['Slack token', pieces('xoxb-', '123456789012-abcdef')],
  [
    'JSON Web Token',
    pieces('eyJ', 'hbGciOiJIUzI1NiJ9', '.eyJ', 'zdWIiOiIxMjM0In0', '.abcdefghijklmnopqrstuvwxyz'),
  ],
  ['session token of Sallyport', pieces('sps_', '0a1f_', 'x'.repeat(43))],
  [
    'private key',
    pieces(
      '-----BEGIN ',
      'EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMHc\n-----END ',
      'EC PRIVATE KEY-----',
    ),
  ],
  ['private key', pieces('-----BEGIN ', 'PRIVATE KEY-----\\nMHc and never an end')],
]

for (const [what, secret] of SECRETS)
  test(`a secret is cut out, and said to have been there: ${what}, ${secret.length} characters`, () => {
    const isOpen = secret.endsWith('an end')
    const after = isOpen ? '' : ' after'
    const scanned = scan(content(`before ${secret} after`), { secrets: 'redact' })
    assert.deepEqual(scanned, {
      kind: 'changed',
      result: content(`before [${what} removed]${after}`),
      findings: [{ what, count: 1 }],
    })
    assert.deepEqual(scan(content(secret), { secrets: 'refuse' }), {
      kind: 'refused',
      findings: [{ what, count: 1 }],
    })
    assert.ok(!JSON.stringify(scanned).includes(secret.slice(8, 24)))
  })

test('what only looks a little like a secret passes', () => {
  for (const text of [
    'AKIA is a prefix',
    'xoxo',
    'eyJ.eyJ.x',
    'sps_0a1f_short',
    '-----BEGIN PUBLIC KEY-----',
    'ghp_',
  ])
    assert.deepEqual(scan(content(text), { secrets: 'redact' }), { kind: 'pass' }, text)
})

test('secrets are found in names of members, deep inside, and split by hidden characters', () => {
  const [, secret] = SECRETS[0] ?? assert.fail()
  const split = `${secret.slice(0, 6)}\u200B${secret.slice(6)}`
  const structuredContent = { [secret]: 1, a: [{ b: [split] }] }
  assert.deepEqual(scan({ structuredContent }, { secrets: 'redact', hiddenText: 'strip' }), {
    kind: 'changed',
    result: {
      structuredContent: { '[AWS access key removed]': 1, a: [{ b: ['[AWS access key removed]'] }] },
    },
    findings: [
      { what: 'AWS access key', count: 2 },
      { what: 'hidden text', count: 1 },
    ],
  })
})

test('hidden characters hide no secret where they pass', () => {
  const [, secret] = SECRETS[0] ?? assert.fail()
  const split = content(`a\u200B ${secret.slice(0, 6)}\u200B${secret.slice(6)}`)
  assert.equal(scan(split, { secrets: 'refuse' }).kind, 'refused')
  assert.deepEqual(scan(content('a\u200Bb'), { secrets: 'refuse' }), { kind: 'pass' })
})

test('two members that have one name when cleaned are refused', () => {
  const scanned = scan({ structuredContent: { a: 1, 'a\u200B': 2 } }, { hiddenText: 'strip' })
  assert.equal(scanned.kind, 'refused')
})

for (const [what, hidden] of [
  ['zero width', 'pay\u200Bload'],
  ['bidirectional controls', 'pay\u202Eload'],
  ['tag characters', 'pay\u{E0041}\u{E0042}load'],
  ['terminal sequences', 'pay\u001B[31mload'],
] as const)
  test(`hidden text is stripped or refused: ${what}`, () => {
    const findings = [{ what: 'hidden text', count: 1 }]
    assert.deepEqual(scan(content(hidden), { hiddenText: 'strip' }), {
      kind: 'changed',
      result: content('payload'),
      findings,
    })
    assert.deepEqual(scan(content(hidden), { hiddenText: 'refuse' }), { kind: 'refused', findings })
  })

test('base64 is not looked at; what only claims to be is', () => {
  const [, secret] = SECRETS[0] ?? assert.fail()
  const image = { type: 'image', mimeType: 'image/png', data: secret }
  const blob = { type: 'resource', resource: { uri: 'x:y', blob: secret } }
  assert.deepEqual(scan({ content: [image, blob] }, { secrets: 'refuse' }), { kind: 'pass' })
  for (const data of [`${secret} `, `\u200B${secret}`])
    assert.equal(
      scan({ content: [{ ...image, data }] }, { secrets: 'refuse', hiddenText: 'strip' }).kind,
      'refused',
    )
})

test('where everything passes nothing is looked at', () => {
  assert.equal(resultScanner({ bytes: 1, secrets: 'pass', hiddenText: 'pass' }), undefined)
})

test('what is too deep is refused, whatever is in it', () => {
  let deep: unknown = 'text'
  for (let depth = 0; depth < 100_000; depth++) deep = [deep]
  assert.equal(scan({ structuredContent: deep }, { secrets: 'redact' }).kind, 'refused')
})

test('a result is not changed by being looked at, and a clean copy has nothing more to find', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...SECRETS.map(([, secret]) => secret)),
  )
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.array(texts, { maxLength: 4 }), { maxKeys: 4 }), (members) => {
      const result = { structuredContent: members }
      const before = JSON.stringify(result)
      const scanned = scan(result, { secrets: 'redact', hiddenText: 'strip' })
      assert.equal(JSON.stringify(result), before)
      if (scanned.kind === 'changed')
        assert.deepEqual(scan(scanned.result, { secrets: 'redact', hiddenText: 'strip' }), { kind: 'pass' })
    }),
    { numRuns: 30 },
  )
})

test('time grows by the length of a text, also of one that is made to be slow', () => {
  const cost = (text: string): number => {
    const begun = process.cpuUsage()
    redactSecrets(text)
    const { user, system } = process.cpuUsage(begun)
    return user + system
  }
  for (const piece of ['eyJ', 'eyJa.', '-----BEGIN PRIVATE KEY', 'AKIA0', 'xoxb-', 'ghp_a']) {
    cost(piece.repeat(1000))
    const [small, large] = [cost(piece.repeat(4000)), cost(piece.repeat(64_000))]
    assert.ok(large < 16 * 8 * Math.max(small, 1000), `${piece}: ${small} us, then ${large} us`)
  }
})
