import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  upstreamUris,
  withUrisOfPrompt,
  withUrisOfRead,
  withUrisOfTool,
} from '../../../src/mcp/upstreams/upstream-uri.ts'

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/)
const uri = fc.oneof(
  fc.string(),
  fc.webUrl(),
  fc.tuple(name, fc.string()).map(([one, rest]) => `${one}+${rest}`),
)

test('whatever a URI is, out and back is the same text', () => {
  fc.assert(
    fc.property(fc.option(name, { nil: undefined }), uri, (upstream, text) => {
      const uris = upstreamUris(upstream)
      assert.equal(uris.inward(uris.outward(text)), text)
    }),
  )
})

test('no upstream can name what is of another one, whatever it calls it', () => {
  fc.assert(
    fc.property(name, name, uri, (one, other, text) => {
      fc.pre(one !== other)
      assert.equal(upstreamUris(other).inward(upstreamUris(one).outward(text)), undefined)
    }),
  )
})

test('two URIs of one upstream stay two', () => {
  fc.assert(
    fc.property(name, uri, uri, (upstream, one, other) => {
      const { outward } = upstreamUris(upstream)
      assert.equal(outward(one) === outward(other), one === other)
    }),
  )
})

const wiki = upstreamUris('wiki')

test('in results, URIs are ours in links and embedded resources, and nowhere else', () => {
  const text = { type: 'text', text: 'file:///a', uri: 'file:///a' }
  const result = {
    content: [
      text,
      { type: 'resource_link', uri: 'file:///a', name: 'a' },
      { type: 'resource', resource: { uri: 'file:///b', text: 'b', blob: 'file:///b' } },
      null,
      'text',
      { type: 'resource' },
      { type: 'resource_link', uri: 7 },
    ],
    structuredContent: {
      uri: 'file:///a',
      type: 'resource_link',
      content: [{ type: 'resource_link', uri: 'x:y' }],
    },
  }
  assert.deepEqual(withUrisOfTool(result, wiki), {
    ...result,
    content: [
      text,
      { type: 'resource_link', uri: 'wiki+file:///a', name: 'a' },
      { type: 'resource', resource: { uri: 'wiki+file:///b', text: 'b', blob: 'file:///b' } },
      null,
      'text',
      { type: 'resource', resource: undefined },
      { type: 'resource_link', uri: 7 },
    ],
  })
})

test('in messages of prompts and contents of resources as well', () => {
  const link = { type: 'resource_link', uri: 'x:1', name: 'a' }
  const messages = [{ role: 'user', content: link }, 'text', { role: 'user', content: 'text' }]
  const [first] = messages
  assert.deepEqual(withUrisOfPrompt({ messages, uri: 'x:1' }, wiki), {
    messages: [{ role: 'user', content: { ...link, uri: 'wiki+x:1' } }, ...messages.slice(1)],
    uri: 'x:1',
  })
  assert.deepEqual(first, { role: 'user', content: link })
  assert.deepEqual(withUrisOfRead({ contents: [{ uri: 'x:1', text: 'x:1' }, 3], uri: 'x:1' }, wiki), {
    contents: [{ uri: 'wiki+x:1', text: 'x:1' }, 3],
    uri: 'x:1',
  })
  for (const value of ['text', null, { a: 1 }, undefined]) {
    assert.deepEqual(withUrisOfTool({ content: value }, wiki), { content: value })
    assert.deepEqual(withUrisOfPrompt({ messages: value }, wiki), { messages: value })
    assert.deepEqual(withUrisOfRead({ contents: value }, wiki), { contents: value })
  }
})
