import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pathOf } from '../../src/http/path.ts'

test('the path ends where the query begins', () => {
  assert.equal(pathOf('/mcp'), '/mcp')
  assert.equal(pathOf('/mcp?token=x?y'), '/mcp')
  assert.equal(pathOf('/?'), '/')
})

test('a path is taken as it is written: nothing is decoded, joined or cut', () => {
  for (const target of [
    '/mcp/',
    '//mcp',
    '/./mcp',
    '/%6dcp',
    '/MCP',
    '/mcp;x',
    '/mcp#x',
    '/mcp%3F',
    '/mcp\\',
  ])
    assert.equal(pathOf(target), target)
})

test('a target of another form is no path of ours', () => {
  for (const target of [
    undefined,
    '',
    '*',
    'mcp',
    '?/mcp',
    'https://localhost/mcp',
    'localhost:8443',
    '\\mcp',
  ])
    assert.equal(pathOf(target), '', String(target))
})

test('no path has a query in it', () => {
  fc.assert(
    fc.property(fc.string(), (target) => {
      const path = pathOf(`/${target}`)
      assert.equal(path.includes('?'), false)
      assert.ok(`/${target}`.startsWith(path))
    }),
  )
})
