import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { slotOf } from '../../src/auth/session-token.ts'
import { createCatalog } from '../../src/mcp/catalog.ts'
import { resourceChanges } from '../../src/mcp/resource-changes.ts'
import { errorResult, textResult, type ToolDefinition } from '../../src/mcp/tool.ts'
import { openStore } from '../../src/store/open.ts'
import { notePrompt, noteResource, noteTools, type NotesOptions } from '../../src/tools/notes.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { callOf, run } from '../support/tool.ts'

interface Setting extends NotesOptions {
  tool(name: string): ToolDefinition
}

/** The tools on a real store. */
async function setting(t: TestContext, quota = { notes: 3, bytes: 100 }): Promise<Setting> {
  const directory = await temporaryDirectory(t)
  const opened = await openStore(`sqlite:${join(directory, 'sallyport.db')}`, { now: Date.now, slotOf })
  t.after(async () => opened.close())
  const options = { store: opened.notes, changes: resourceChanges(), quota, now: () => 1_234 }
  const tools = noteTools(options)
  return { ...options, tool: (name) => tools.find((tool) => tool.name === name) ?? assert.fail(name) }
}

const [alice, bob] = [callOf('user:alice'), callOf('user:bob')]

async function problemsOf(tool: ToolDefinition, args: Record<string, unknown>): Promise<readonly string[]> {
  const prepared = await tool.prepare(args)
  return prepared.kind === 'invalid' ? prepared.problems : assert.fail('the arguments were accepted')
}

test('a note is written, listed, read and deleted', async (t) => {
  const { tool } = await setting(t)
  const list = tool('notes_list')
  assert.deepEqual(await run(list, {}), {
    content: [{ type: 'text', text: 'There are no notes.' }],
    structuredContent: { notes: [] },
  })
  const written = await run(tool('notes_write'), { id: 'plan b', text: 'the other door' }, alice)
  assert.deepEqual(written, textResult('The note "plan b" is written.'))
  await run(tool('notes_write'), { id: 'a', text: '' }, alice)
  assert.deepEqual(await run(list, {}), {
    content: [{ type: 'text', text: 'a\nplan b' }],
    structuredContent: { notes: ['a', 'plan b'] },
  })
  assert.deepEqual(await run(tool('notes_read'), { id: 'plan b' }), textResult('the other door'))
  const deleted = await run(tool('notes_delete'), { id: 'plan b' })
  assert.deepEqual(deleted, textResult('The note "plan b" is deleted.'))
  for (const name of ['notes_read', 'notes_delete'])
    assert.deepEqual(await run(tool(name), { id: 'plan b' }), errorResult('There is no note "plan b".'))
})

test('a note is by who wrote it last, at the time of the server', async (t) => {
  const { tool, store } = await setting(t)
  await run(tool('notes_write'), { id: 'a', text: 'one' }, alice)
  await run(tool('notes_write'), { id: 'a', text: 'two' }, bob)
  assert.deepEqual(
    { ...(await store.read('a')) },
    { id: 'a', text: 'two', author: 'user:bob', updatedAt: 1_234 },
  )
})

test('nobody keeps more than the quota, and who is full keeps nobody else from writing', async (t) => {
  const { tool, store } = await setting(t)
  const write = async (id: string, text: string, call = alice) => run(tool('notes_write'), { id, text }, call)
  const full = errorResult('Not written: you may keep 3 notes of 100 bytes together. Delete one first.')
  for (const id of ['a', 'b', 'c']) assert.equal((await write(id, 'x')).isError, undefined)
  assert.deepEqual(await write('d', 'x'), full)
  assert.deepEqual(await write('a', 'ä'.repeat(50)), full)
  assert.equal((await store.read('a'))?.text, 'x')
  assert.equal((await write('a', 'ä'.repeat(49))).isError, undefined)
  assert.equal((await write('d', 'x', bob)).isError, undefined)
})

test('every tool says what it needs and what it does', async (t) => {
  const { tool } = await setting(t)
  const table = ['notes_list', 'notes_read', 'notes_write', 'notes_delete'].map((name) => {
    const { permission, annotations } = tool(name)
    return [permission, annotations?.readOnlyHint, annotations?.destructiveHint]
  })
  assert.deepEqual(table, [
    ['notes:read', true, undefined],
    ['notes:read', true, undefined],
    ['notes:write', false, undefined],
    ['notes:delete', false, true],
  ])
})

test('a name is one line of 1 to 128 characters that every store gives back as it was', async (t) => {
  const { tool } = await setting(t)
  const read = tool('notes_read')
  for (const id of ['a', 'ä b/c?.., "x"', '🚪', 'x'.repeat(128), '__proto__', '..'])
    assert.equal((await read.prepare({ id })).kind, 'ready', id)
  for (const id of [
    '',
    'x'.repeat(129),
    'a\nb',
    'a\r',
    '\t',
    'a\u0000b',
    '\u007f',
    '\u0085',
    '\ud800',
    'a\udc00',
  ])
    assert.ok((await problemsOf(read, { id })).length > 0, JSON.stringify(id))
  for (const args of [{}, { id: 5 }, { id: ['a'] }, { id: 'a', other: 1 }])
    assert.ok((await problemsOf(read, args)).length > 0, JSON.stringify(args))
})

test('a text is at most 65,536 characters of well-formed Unicode, of any kind', async (t) => {
  const { tool } = await setting(t)
  const write = tool('notes_write')
  for (const text of ['', 'a\r\n\tb\u0000', 'x'.repeat(65_536), '🚪'])
    assert.equal((await write.prepare({ id: 'a', text })).kind, 'ready')
  for (const text of ['x'.repeat(65_537), '\ud800', 'a\udc00b'])
    assert.equal((await problemsOf(write, { id: 'a', text })).length, 1)
})

test('whatever may be written is read back the same, by the tool and as a resource', async (t) => {
  const options = await setting(t, { notes: 1_000, bytes: 1_000_000 })
  const catalog = createCatalog({ resources: [noteResource(options)] })
  const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(id, fc.string({ unit: 'grapheme' }), async (name, text) => {
      const prepared = await options.tool('notes_write').prepare({ id: name, text })
      fc.pre(prepared.kind === 'ready')
      await prepared.run(alice)
      assert.deepEqual(await run(options.tool('notes_read'), { id: name }), textResult(text))
      const listed = await noteResource(options).list(alice)
      const uri = listed.find((resource) => resource.name === name)?.uri ?? assert.fail('not listed')
      const found = catalog.resource(uri) ?? assert.fail('of no family')
      const read = await found.definition.read(uri, found.variables, alice)
      assert.deepEqual(read, { contents: [{ uri, mimeType: 'text/plain', text }] })
    }),
    { numRuns: 50 },
  )
})

test('a resource and a prompt of a note that is not there are nothing', async (t) => {
  const options = await setting(t)
  assert.deepEqual(await noteResource(options).list(alice), [])
  assert.equal(await noteResource(options).read('note://a', { id: 'a' }, alice), undefined)
  assert.equal(await noteResource(options).read('note://', {}, alice), undefined)
  assert.equal(await notePrompt(options).get({ id: 'a' }, alice), undefined)
  for (const args of [{}, { id: '' }, { id: 'x'.repeat(1_000_000) }])
    assert.equal(await notePrompt(options).get(args, alice), undefined)
})

test('the prompt puts the note before the model', async (t) => {
  const options = await setting(t)
  await run(options.tool('notes_write'), { id: 'a', text: 'the other door' }, alice)
  const got = await notePrompt(options).get({ id: 'a' }, alice)
  assert.ok(got !== undefined && 'messages' in got)
  assert.deepEqual(got.messages, [
    {
      role: 'user',
      content: { type: 'text', text: 'Summarize this note in three sentences.\n\nthe other door' },
    },
  ])
})
