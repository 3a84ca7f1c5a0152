import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unknownName } from '../../src/cli/unknown-name.ts'

test('of more names than are listed, those that may have been meant come first', () => {
  const others = Array.from({ length: 40 }, (_, index) => `files_tool_${index}`)
  const unknown = { kind: 'unknown', what: 'tool', names: [...others, 'wiki_search'] } as const
  assert.match(
    unknownName(unknown, 'search'),
    /^there is no tool "search" here: .*; there are wiki_search, files_tool_\d.* and 21 more$/,
  )
})
