import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstLine } from '../../src/cli/first-line.ts'

test('of pages the first line is shown, with a sign that there is more', () => {
  assert.equal(firstLine('Thinks aloud.\r\n\r\nWhen to use this tool:\n- always'), 'Thinks aloud. …')
  assert.equal(firstLine('\n  Reads a page.\n'), 'Reads a page.')
  assert.equal(firstLine(''), '')
})
