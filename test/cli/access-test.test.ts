import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import { junitXml } from '../../src/cli/junit.ts'
import { parseMoment } from '../../src/cli/moment.ts'
import { readTestFile } from '../../src/cli/test-file.ts'

/** The faults of a file of cases. */
function faultsIn(text: string): readonly string[] {
  try {
    readTestFile(text, 'cases.yaml')
    return []
  } catch (error) {
    if (isSallyportError(error, 'POLICY_INVALID')) return error.message.split('\n')
    throw error
  }
}

test('faults of a case are told with their places', () => {
  const head = 'cases:\n  - name: one\n    as: service:demo\n'
  const faults: Readonly<Record<string, RegExp>> = {
    'cases: []\n': /^cases.yaml:1:1: cases: has no case$/,
    [head]: /^cases.yaml:2:5: cases\[0\]: a case has exactly one of call, prompt, resource, list$/,
    [`${head}    call: notes_read\n`]:
      /^cases.yaml:4:5: cases\[0\].call: say what must come of it: add "expect"$/,
    [`${head}    call: a\n    prompt: b\n    expect: deny\n`]: /^cases.yaml:2:5: .*exactly one of/,
    [`${head}    call: a\n    expect: maybe\n`]:
      /^cases.yaml:5:5: cases\[0\].expect: must be allow, deny, step-up/,
    [`${head}    call: a\n    expct: deny\n`]:
      /^cases.yaml:5:5: cases\[0\].expct: unknown key: did you mean "expect"\?$/,
    [`${head}    call: a\n    expect: allow\n    reason: no_permission\n`]: /only a denial has a reason$/,
    [`${head}    call: a\n    expect: visible\n    with: { id: x }\n`]:
      /lists know no arguments: leave them out$/,
    [`${head}    resource: "note://a"\n    expect: deny\n    with: { id: x }\n`]:
      /the arguments of a resource are in its URI$/,
    [`${head}    list: tools\n`]: /say what must be in it, and what not: add "sees" or "lacks"$/,
    [`${head}    list: tools\n    sees: []\n    expect: allow\n`]: /a list has "sees" and "lacks" instead$/,
    [`${head}    call: a\n    expect: deny\n    at: 7d\n`]: /must be a time with its offset/,
    [`${head}    call: a\n    expect: deny\n    proofs: { mfaAge: soon }\n`]:
      /must be a duration, as in 5m, or "none"$/,
    [`${head}    call: a\n    expect: deny\n    proofs: { address: office }\n`]: /must be an IP address/,
    'cases:\n  - { name: one, as: demo, call: a, expect: deny }\n': /must be who asks, as in service:demo$/,
  }
  for (const [text, fault] of Object.entries(faults)) {
    const [first = '', ...others] = faultsIn(text)
    assert.match(first, fault, text)
    assert.deepEqual(others, [], text)
  }
})

test('a report as JUnit writes it is XML, whatever the names', () => {
  const xml = junitXml([
    { suite: 'a.yaml', name: 'good & <well>', failure: '' },
    { suite: 'a.yaml', name: '"bad"\u0000\u001b[31m', failure: 'expected deny\ngot allow' },
    { suite: 'b.yaml', name: '\ud800', failure: '' },
  ])
  assert.equal(
    xml,
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1">
  <testsuite name="a.yaml" tests="2" failures="1">
    <testcase classname="a.yaml" name="good &amp; &lt;well&gt;"/>
    <testcase classname="a.yaml" name="&quot;bad&quot;[31m">
      <failure message="expected deny">expected deny
got allow</failure>
    </testcase>
  </testsuite>
  <testsuite name="b.yaml" tests="1" failures="0">
    <testcase classname="b.yaml" name="\ufffd"/>
  </testsuite>
</testsuites>
`,
  )
})

test('a time is an instant, a date or how long ago, and never a guess', () => {
  assert.equal(parseMoment('2026-11-21T10:00:00Z', 0), Date.UTC(2026, 10, 21, 10))
  assert.equal(parseMoment('2026-11-21T10:00+01:00', 0), Date.UTC(2026, 10, 21, 9))
  assert.equal(parseMoment('2026-11-21', 0), Date.UTC(2026, 10, 21))
  assert.equal(parseMoment('7d', 8 * 86_400_000), 86_400_000)
  for (const text of [
    '',
    '2026',
    '2026-11-21T10:00',
    '2026-11-31x',
    '21.11.2026',
    'now',
    '-1d',
    '2026-13-01',
  ])
    assert.equal(parseMoment(text, 0), undefined, text)
})
