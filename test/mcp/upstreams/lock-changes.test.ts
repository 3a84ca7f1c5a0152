import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lockChanges, memberChanges } from '../../../src/mcp/upstreams/lock-changes.ts'
import { defined, pinsOf, somePins, toolNamed } from '../../support/definitions.ts'

test('pins differ by upstream, kind and name', () => {
  const before = pinsOf({
    wiki: [toolNamed('kept'), toolNamed('gone'), toolNamed('search', { title: 'a' })],
    old: [toolNamed('x')],
  })
  const after = pinsOf({
    wiki: [defined('prompt', { name: 'gone' }), toolNamed('search', { title: 'b' }), toolNamed('kept')],
    another: [defined('instructions', { text: 'Hi.' })],
  })
  assert.deepEqual(
    lockChanges(before, after).map(({ upstream, kind, name, change }) =>
      [upstream, kind, name, change].join(' '),
    ),
    [
      'another instructions  added',
      'old tool x removed',
      'wiki tool gone removed',
      'wiki tool search changed',
      'wiki prompt gone added',
    ],
  )
})

test('pins differ from themselves in nothing, and each definition that differs is told once', () => {
  fc.assert(
    fc.property(somePins, somePins, (one, other) => {
      assert.deepEqual(lockChanges(one, one), [])
      const changes = lockChanges(one, other)
      assert.equal(
        new Set(changes.map(({ upstream, kind, name }) => `${upstream} ${kind} ${name}`)).size,
        changes.length,
      )
      assert.equal(lockChanges(other, one).length, changes.length)
      for (const { before, after } of changes) assert.notEqual(memberChanges(before, after).length, 0)
    }),
    { numRuns: 50 },
  )
})

test('members differ as deep down as can be said', () => {
  const before = toolNamed('search', {
    description: 'a',
    inputSchema: {
      type: 'object',
      properties: { query: { type: 'string', maxLength: 9 }, page: {} },
      required: ['query'],
    },
  })
  const after = toolNamed('search', {
    title: 'Search',
    description: 'a',
    inputSchema: {
      type: 'object',
      properties: { query: { type: 'string', maxLength: 99 } },
      required: ['query', 'token'],
    },
  })
  assert.deepEqual(memberChanges(before, after), [
    { path: ['inputSchema', 'properties', 'query', 'maxLength'], before: 9, after: 99 },
    { path: ['inputSchema', 'properties', 'page'], before: {} },
    { path: ['inputSchema', 'required', '1'], after: 'token' },
    { path: ['title'], after: 'Search' },
  ])
  assert.deepEqual(memberChanges(undefined, toolNamed('x')), [
    { path: ['name'], after: 'x' },
    { path: ['inputSchema'], after: { type: 'object' } },
  ])
})
