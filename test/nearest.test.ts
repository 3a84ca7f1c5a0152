import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest, nearestFirst } from '../src/nearest.ts'

const KNOWN = ['trustDomain', 'listeners', 'hosts', 'tls']

test('the word that was meant is found', () => {
  assert.equal(nearest('trustdomain', KNOWN), 'trustDomain')
  assert.equal(nearest('listener', KNOWN), 'listeners')
  assert.equal(nearest('host', KNOWN), 'hosts')
  assert.equal(nearest('lts', KNOWN), undefined, 'two letters of three is no suggestion')
})

test('a word like none of them suggests nothing', () => {
  assert.equal(nearest('colour', KNOWN), undefined)
  assert.equal(nearest('', KNOWN), undefined)
  assert.equal(nearest('x'.repeat(100_000), KNOWN), undefined)
})

test('of many words those come first that are more like one: with it in them, or with fewer letters apart', () => {
  const known = ['files_copy', 'git_log', 'notes_write', 'wiki_search', 'wiki_searches']
  assert.deepEqual(nearestFirst('Search', known), [
    'wiki_search',
    'wiki_searches',
    'git_log',
    'files_copy',
    'notes_write',
  ])
  assert.deepEqual(nearestFirst('wiki_serach_all', known).slice(0, 2), ['wiki_search', 'wiki_searches'])
})
