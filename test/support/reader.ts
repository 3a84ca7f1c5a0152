import assert from 'node:assert/strict'
import type { AnyClient } from './clients.ts'

/** Whatever `service:demo`, a reader, may do with the note "plan b": through any client it is all the same. */
export async function usesWhatReadersMay(client: AnyClient): Promise<void> {
  const { tools } = await client.listTools()
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['notes_list', 'notes_read', 'time_now', 'whoami'],
  )
  const who = await client.callTool({ name: 'whoami' })
  assert.equal((who.structuredContent as { principal: string }).principal, 'service:demo')
  const note = await client.callTool({ name: 'notes_read', arguments: { id: 'plan b' } })
  assert.deepEqual(note.content, [{ type: 'text', text: 'use the other door' }])
  const { resources } = await client.listResources()
  assert.deepEqual(
    resources.map(({ uri }) => uri),
    ['note://plan%20b'],
  )
  const read = await client.readResource({ uri: 'note://plan%20b' })
  assert.equal(read.contents[0]?.text, 'use the other door')
  const { prompts } = await client.listPrompts()
  assert.deepEqual(
    prompts.map(({ name }) => name),
    ['summarize_note'],
  )
  const prompt = await client.getPrompt({ name: 'summarize_note', arguments: { id: 'plan b' } })
  assert.equal(prompt.messages.length, 1)
  for (const ref of [
    { type: 'ref/prompt', name: 'summarize_note' },
    { type: 'ref/resource', uri: 'note://{id}' },
  ] as const) {
    const { completion } = await client.complete({ ref, argument: { name: 'id', value: 'plan' } })
    assert.deepEqual(completion, { values: ['plan b'], total: 1, hasMore: false })
  }
}
