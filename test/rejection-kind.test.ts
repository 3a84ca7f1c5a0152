import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectionKind } from '../src/rejection-kind.ts'

test('of a refusal only its kind is said, never what it quotes', () => {
  const quoting = 'Rejected inbound request (name-header-mismatch): the Mcp-Name header names "canary"'
  assert.equal(rejectionKind(new Error(quoting)), 'name-header-mismatch')
  assert.equal(rejectionKind(new TypeError('canary')), 'TypeError')
  assert.equal(rejectionKind(new Error('Rejected inbound request (canary "quoted")')), 'Error')
  assert.equal(rejectionKind('canary'), 'string')
})
