import type { Icon, PromptArgument, ToolAnnotations } from '@modelcontextprotocol/server'
import { isRecord } from '../record.ts'
import type { Members } from './upstream-uri.ts'

/** A member that is a text. */
export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const

/** What a tool says of itself; hints, of which nothing here depends. */
export function annotationsIn({ annotations }: Members): ToolAnnotations | undefined {
  if (!isRecord(annotations)) return undefined
  const hints: [string, boolean][] = HINTS.flatMap((hint) =>
    typeof annotations[hint] === 'boolean' ? [[hint, annotations[hint]]] : [],
  )
  const title = textIn(annotations['title'])
  const own: ToolAnnotations = Object.fromEntries(hints)
  return title === undefined ? own : { title, ...own }
}

/** Icons with an address. */
export function iconsIn({ icons }: Members): readonly Icon[] {
  return Array.isArray(icons) ? icons.flatMap(iconOf) : []
}

function iconOf(value: unknown): Icon[] {
  if (!isRecord(value) || typeof value['src'] !== 'string') return []
  const { src, mimeType, sizes, theme } = value
  return [
    {
      src,
      ...(typeof mimeType === 'string' ? { mimeType } : {}),
      ...(Array.isArray(sizes) ? { sizes: sizes.filter((size) => typeof size === 'string') } : {}),
      ...(theme === 'light' || theme === 'dark' ? { theme } : {}),
    },
  ]
}

/** The arguments of a prompt; `undefined` where one has no name. */
export function argumentsIn({ arguments: listed = [] }: Members): readonly PromptArgument[] | undefined {
  if (!Array.isArray(listed)) return undefined
  const own = listed.flatMap(argumentOf)
  return own.length === listed.length ? own : undefined
}

function argumentOf(value: unknown): PromptArgument[] {
  if (!isRecord(value) || typeof value['name'] !== 'string') return []
  const { name, required } = value
  const [title, description] = [textIn(value['title']), textIn(value['description'])]
  return [
    {
      name,
      ...(title === undefined ? {} : { title }),
      ...(description === undefined ? {} : { description }),
      ...(typeof required === 'boolean' ? { required } : {}),
    },
  ]
}
