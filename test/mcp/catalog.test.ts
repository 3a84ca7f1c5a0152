import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { isSallyportError } from '../../src/errors.ts'
import { createCatalog } from '../../src/mcp/catalog.ts'
import { definePrompt, type PromptDefinition } from '../../src/mcp/prompt.ts'
import { defineResource, type ResourceDefinition } from '../../src/mcp/resource.ts'
import { defineTool, textResult, type Needs, type ToolDefinition } from '../../src/mcp/tool.ts'

function toolOf(name: string, permission: Needs = 'test:call'): ToolDefinition {
  const run = () => textResult(name)
  return defineTool({ name, description: name, inputSchema: z.strictObject({}), permission, run })
}

function promptOf(name: string, permission: Needs = 'test:get'): PromptDefinition {
  return definePrompt({ name, description: name, arguments: [], permission, get: async () => undefined })
}

function resourceOf(name: string, uriTemplate: string, permission: Needs = 'test:read'): ResourceDefinition {
  const list = async () => []
  const read = async () => undefined
  return defineResource({ name, description: name, uriTemplate, permission, list, read })
}

const invalid = (words: RegExp) => (error: unknown) =>
  isSallyportError(error, 'CATALOG_INVALID') && words.test(error.message)

const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,128}$/)

test('lists are in the order of names, whatever the order of definitions', () => {
  fc.assert(
    fc.property(fc.uniqueArray(name), (names) => {
      const { tools, prompts } = createCatalog({
        tools: names.map((one) => toolOf(one)),
        prompts: names.map((one) => promptOf(one)),
      })
      const sorted = names.toSorted((a, b) => (a < b ? -1 : 1))
      assert.deepEqual(
        tools.map((tool) => tool.name),
        sorted,
      )
      assert.deepEqual(
        prompts.map((prompt) => prompt.name),
        sorted,
      )
    }),
    { numRuns: 20 },
  )
})

test('a name is found exactly, and what every object has is not', () => {
  const tools = [toolOf('notes_read'), toolOf('constructor')]
  const catalog = createCatalog({ tools, prompts: [promptOf('summarize')] })
  assert.equal(catalog.tool('notes_read'), tools[0])
  assert.equal(catalog.tool('constructor'), tools[1])
  assert.equal(catalog.prompt('summarize')?.name, 'summarize')
  for (const other of ['', 'Notes_read', 'notes_read ', '__proto__', 'toString', 'summarize', 'size'])
    assert.equal(catalog.tool(other), undefined, other)
  assert.equal(catalog.prompt('notes_read'), undefined)
})

test('names that are none and names that are taken are refused', () => {
  for (const bad of ['', 'a b', 'a/b', 'ä', 'a\n', 'x'.repeat(129)])
    assert.throws(
      () => createCatalog({ tools: [toolOf(bad)] }),
      invalid(/has a name that does not match/),
      bad,
    )
  assert.throws(() => createCatalog({ tools: [toolOf('a'), toolOf('a')] }), invalid(/two of the tool "a"/))
  const both = [resourceOf('n', 'a://{id}'), resourceOf('n', 'b://{id}')]
  assert.throws(() => createCatalog({ resources: both }), invalid(/two of the resource "n"/))
  assert.ok(createCatalog({ tools: [toolOf('a')], prompts: [promptOf('a')] }))
})

test('without a permission that could be granted nothing gets in', () => {
  const bad = [
    '',
    '*',
    'notes:*',
    'notes',
    'Notes:read',
    'notes:read:x',
    'authenticated ',
    `${'x'.repeat(65)}:read`,
  ]
  for (const permission of bad as Needs[]) {
    assert.throws(
      () => createCatalog({ tools: [toolOf('a', permission)] }),
      invalid(/is no permission/),
      permission,
    )
    assert.throws(() => createCatalog({ prompts: [promptOf('a', permission)] }), invalid(/is no permission/))
    const resources = [resourceOf('a', 'a://{id}', permission)]
    assert.throws(() => createCatalog({ resources }), invalid(/is no permission/))
  }
  assert.ok(createCatalog({ tools: [toolOf('a', 'authenticated'), toolOf('b', 'a-b_c:d0')] }))
})

test('a template that cannot be read is refused when the catalog is made', () => {
  const resources = [resourceOf('note', 'note://{id')]
  assert.throws(
    () => createCatalog({ resources }),
    invalid(/"note" has a URI template that cannot be read: note:\/\/\{id/),
  )
})

test('a URI belongs to the family whose template it is made of, percent-decoded once', () => {
  const { resource } = createCatalog({
    resources: [resourceOf('note', 'note://{id}'), resourceOf('file', 'file:///{dir}/{name}')],
  })
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }), (id) => {
      const found = resource(`note://${encodeURIComponent(id)}`)
      assert.equal(found?.definition.name, 'note')
      assert.deepEqual({ ...found?.variables }, { id })
    }),
  )
  assert.deepEqual({ ...resource('note://%2561')?.variables }, { id: '%61' })
  assert.deepEqual({ ...resource('file:///a/b')?.variables }, { dir: 'a', name: 'b' })
})

test('a resource has one URI, however it was asked for', () => {
  const { resource } = createCatalog({
    resources: [resourceOf('note', 'note://{id}'), resourceOf('tree', 'tree:{+path}')],
  })
  for (const uri of ['note://plan%20b', 'note://plan b', 'note://%70lan%20b', 'note://plan%20%62'])
    assert.equal(resource(uri)?.uri, 'note://plan%20b', uri)
  assert.equal(resource('note://a%2fb')?.uri, 'note://a%2Fb')
  assert.equal(resource('note://%25')?.uri, 'note://%25')
  assert.equal(resource('tree:/a/../b')?.uri, 'tree:/a/../b')
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 50 }), (text) => {
      const found = resource(`note://${text}`)
      if (found === undefined) return
      const again = resource(found.uri)
      assert.deepEqual([again?.uri, { ...again?.variables }], [found.uri, { ...found.variables }])
    }),
  )
})

test('a URI whose variables cannot be told for sure belongs to none', () => {
  const { resource } = createCatalog({
    resources: [resourceOf('pair', 'pair:{a,b}'), resourceOf('n', 'n:{id}')],
  })
  assert.equal(resource('pair:x%2Cy'), undefined)
  assert.equal(resource('n:\uD800'), undefined)
})

test('a URI of no family, too long or badly encoded belongs to none', () => {
  const { resource } = createCatalog({ resources: [resourceOf('note', 'note://{id}')] })
  const none = [
    '',
    'note://',
    'note:/x',
    'xnote://a',
    'note://a/b',
    'note://a/../b',
    'NOTE://a',
    'note://%',
    'note://%ff',
  ]
  for (const uri of [...none, `note://${'a'.repeat(2042)}`]) assert.equal(resource(uri), undefined, uri)
  assert.ok(resource(`note://${'a'.repeat(2041)}`))
})

test('any text may be asked for', () => {
  const { resource } = createCatalog({
    resources: [resourceOf('n', 'n://{id}'), resourceOf('all', 'all:{+rest}')],
  })
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      resource(text)
      resource(`n://${text}`)
      resource(`all:${text}`)
    }),
  )
})

test('nothing is a catalog, too', () => {
  const catalog = createCatalog({})
  assert.deepEqual([catalog.tools, catalog.prompts, catalog.resources], [[], [], []])
  assert.equal(catalog.resource('note://a'), undefined)
  assert.ok(Object.isFrozen(catalog))
})
