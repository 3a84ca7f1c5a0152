import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** A section of a document. */
export interface Section {
  /** On one line, without emphasis. */
  readonly text: string
  /** The rows of its tables, cell by cell, one table after the other. */
  readonly tables: readonly (readonly (readonly string[])[])[]
}

/** The section under a heading of the second level. */
export function sectionOf(document: string, heading: string): Section {
  const text = readFileSync(join(ROOT, document), 'utf8')
  const [, after] = text.split(`\n## ${heading}\n`)
  assert.ok(after !== undefined, `${document} has no "${heading}"`)
  const [own = ''] = after.split('\n## ')
  return {
    text: own.replaceAll('**', '').replaceAll(/\s+/g, ' '),
    tables: own.split('\n\n').flatMap(tableIn),
  }
}

function tableIn(block: string): (readonly (readonly string[])[])[] {
  const lines = block.trim().split('\n')
  if (!lines.every((line) => line.startsWith('|'))) return []
  return [
    lines.slice(2).map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    ),
  ]
}

/** What stands in a text as code. */
export function codeIn(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

/** What a source file says of a constant that it keeps to itself, as it is written there. */
export function constantIn(file: string, name: string): string {
  const source = readFileSync(join(ROOT, 'src', file), 'utf8')
  const [, value] = new RegExp(`^(?:export )?const ${name}(?:: \\w+)? = (.+)$`, 'm').exec(source) ?? []
  assert.ok(value !== undefined, `${file} has no ${name}`)
  return value
}
