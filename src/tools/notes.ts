import { z } from 'zod'
import { definePrompt, type PromptDefinition } from '../mcp/prompt.ts'
import { defineResource, type ResourceChanges, type ResourceDefinition } from '../mcp/resource.ts'
import { defineTool, errorResult, textResult, type ToolDefinition } from '../mcp/tool.ts'
import type { NoteQuota, NoteStore } from './note-store.ts'

/** What the notes need. */
export interface NotesOptions {
  readonly store: NoteStore
  /** Told of notes that are written or deleted in this process. */
  readonly changes: ResourceChanges
  /** What one principal may keep, so that no caller fills the store. */
  readonly quota: NoteQuota
  /** Ms since the epoch. */
  readonly now: () => number
}

/** At most so many ids are listed. */
const LONGEST_LIST = 1000

/** No halves of surrogate pairs: a store makes one and the same character of all of them. */
const WELL_FORMED = /^\P{Cs}*$/u
/** Names are listed one to a line. */
const ONE_LINE = /^[^\p{Cc}\p{Cs}]*$/u

const id = z.string().min(1).max(128).regex(ONE_LINE).describe('Name of the note, of your choice')
const text = z.string().max(65_536).regex(WELL_FORMED).describe('Text of the note')

/** `notes_list`, `notes_read`, `notes_write`, `notes_delete`. Notes are shared by all who may read notes. */
export function noteTools(options: NotesOptions): readonly ToolDefinition[] {
  return [listTool(options), readTool(options), writeTool(options), deleteTool(options)]
}

/** `note://{id}`. */
export function noteResource({ store, changes }: NotesOptions): ResourceDefinition {
  return defineResource({
    name: 'note',
    title: 'Note',
    description: 'The text of one note.',
    uriTemplate: 'note://{id}',
    mimeType: 'text/plain',
    permission: 'notes:read',
    async list() {
      const ids = await store.list(LONGEST_LIST)
      return ids.map((name) => ({ uri: uriOf(name), name, mimeType: 'text/plain' }))
    },
    complete: async (_variable, begun) => namesIn(store, begun),
    follow: (changed) => changes.follow(changed),
    async read(uri, variables) {
      const note = await store.read(variables['id'] ?? '')
      return note && { contents: [{ uri, mimeType: 'text/plain', text: note.text }] }
    },
  })
}

/** `summarize_note`: a prompt that puts one note before the model. */
export function notePrompt({ store }: NotesOptions): PromptDefinition {
  return definePrompt({
    name: 'summarize_note',
    title: 'Summarize a note',
    description: 'Asks for a summary of one note in three sentences.',
    arguments: [{ name: 'id', description: 'Name of the note', required: true }],
    permission: 'notes:read',
    complete: async (_argument, begun) => namesIn(store, begun),
    async get(args) {
      const name = id.safeParse(args['id'])
      const note = name.success ? await store.read(name.data) : undefined
      if (note === undefined) return undefined
      const request = `Summarize this note in three sentences.\n\n${note.text}`
      return { messages: [{ role: 'user', content: { type: 'text', text: request } }] }
    },
  })
}

function listTool({ store }: NotesOptions): ToolDefinition {
  return defineTool({
    name: 'notes_list',
    title: 'List notes',
    description: `Lists the names of the notes, at most ${LONGEST_LIST}.`,
    inputSchema: z.strictObject({}),
    annotations: { readOnlyHint: true, openWorldHint: false },
    permission: 'notes:read',
    async run() {
      const notes = [...(await store.list(LONGEST_LIST))]
      const shown = notes.length === 0 ? 'There are no notes.' : notes.join('\n')
      return { content: [{ type: 'text', text: shown }], structuredContent: { notes } }
    },
  })
}

function readTool({ store }: NotesOptions): ToolDefinition {
  return defineTool({
    name: 'notes_read',
    title: 'Read a note',
    description: 'Reads one note.',
    inputSchema: z.strictObject({ id }),
    annotations: { readOnlyHint: true, openWorldHint: false },
    permission: 'notes:read',
    async run(args) {
      const note = await store.read(args.id)
      return note === undefined ? noSuchNote(args.id) : textResult(note.text)
    },
  })
}

function writeTool({ store, changes, quota, now }: NotesOptions): ToolDefinition {
  return defineTool({
    name: 'notes_write',
    title: 'Write a note',
    description: 'Writes one note, replacing what was there under that name.',
    inputSchema: z.strictObject({ id, text }),
    annotations: { readOnlyHint: false, idempotentHint: true, openWorldHint: false },
    permission: 'notes:write',
    async run(args, { context }) {
      const note = { id: args.id, text: args.text, author: context.principal.id, updatedAt: now() }
      if (!(await store.write(note, quota)))
        return errorResult(
          `Not written: you may keep ${quota.notes} notes of ${quota.bytes} bytes together. Delete one first.`,
        )
      changes.changed(uriOf(args.id))
      return textResult(`The note "${args.id}" is written.`)
    },
  })
}

function deleteTool({ store, changes }: NotesOptions): ToolDefinition {
  return defineTool({
    name: 'notes_delete',
    title: 'Delete a note',
    description: 'Deletes one note for good.',
    inputSchema: z.strictObject({ id }),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    permission: 'notes:delete',
    async run(args) {
      if (!(await store.delete(args.id))) return noSuchNote(args.id)
      changes.changed(uriOf(args.id))
      return textResult(`The note "${args.id}" is deleted.`)
    },
  })
}

/** Names of notes that begin so. */
async function namesIn(store: NoteStore, begun: string): Promise<readonly string[]> {
  return (await store.list(LONGEST_LIST)).filter((name) => name.startsWith(begun))
}

function noSuchNote(name: string): ReturnType<typeof errorResult> {
  return errorResult(`There is no note "${name}".`)
}

function uriOf(name: string): string {
  return `note://${encodeURIComponent(name)}`
}
