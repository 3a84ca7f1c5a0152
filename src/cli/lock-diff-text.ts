import { stdout } from 'node:process'
import { styleText } from 'node:util'
import { memberChanges, type LockChange, type MemberChange } from '../mcp/upstreams/lock-changes.ts'
import type { DefinitionKind, QuarantineReason } from '../mcp/upstreams/definition.ts'
import { hasHiddenText, madeVisible, mixedWords } from '../mcp/upstreams/visible-text.ts'
import { counted } from './counted.ts'
import { lineDiff } from './line-diff.ts'
import type { Compared } from './lock-comparison.ts'
import type { Unreachable } from './lock-live.ts'
import { visibleLine } from './visible.ts'
import { wrapped } from './wrapped.ts'

const WIDTH = 96
/** Lines of one value of a definition that is new; the lock file has all of it. */
const MOST_LINES = 200

const SIGNS = { added: '+', removed: '-', changed: '~' } as const
const COLOURS = { '+': 'green', '-': 'red', '~': 'yellow', '!': 'yellow' } as const

/**
 * What differs in one upstream, for people: each definition with the members that differ, texts as lines, schemas by the
 * path of what differs. Whatever is hidden in texts and names is shown as `<U+200B>`.
 */
export function comparisonLines(compared: Compared | Unreachable): readonly string[] {
  const { upstream } = compared
  if (compared.kind === 'unreachable')
    return [`${upstream}: ${coloured('!', `cannot be asked: ${oneLine(compared.why)}`)}`]
  const { changes, quarantined, isPinned } = compared
  const what = isPinned ? '' : ', and nothing of it was ever approved'
  return [
    `${upstream}: ${changes.length === 0 ? 'no difference' : counted(changes.length, 'difference')}${what}`,
    ...changes.flatMap(changeLines),
    ...quarantined.map(({ kind, name, reason }) =>
      coloured('!', `  ! ${nameOf(kind, name)} can never be served: ${WORDS[reason]}`),
    ),
  ]
}

const WORDS: Readonly<Record<QuarantineReason, string>> = {
  new: 'it is not approved',
  changed: 'it is not what was approved',
  bad_name: 'its name cannot be a name here (set "permissions" if it is only too long for one)',
  malformed: 'it is too large, too deep, listed twice, or not what the protocol says',
  collision: 'something else has its name',
  policy: 'the access policy speaks of arguments that it does not have',
}

function changeLines({ kind, name, change, before, after }: LockChange): readonly string[] {
  const sign = SIGNS[change]
  const head = coloured(sign, `  ${sign} ${nameOf(kind, name)}`)
  if (after === undefined) return [head]
  const changes = memberChanges(before, after)
  return [
    head,
    ...warningLines(changes),
    ...changes.filter(({ path }) => path[0] !== 'name').flatMap(memberLines),
  ]
}

/** The kind, and the name on one line. */
export function nameOf(kind: DefinitionKind, name: string): string {
  return kind === 'instructions' ? kind : `${kind} ${shownName(name)}`
}

function shownName(name: string): string {
  return name === '' ? '""' : oneLine(name)
}

function oneLine(text: string): string {
  return madeVisible(text)
    .replaceAll('\t', '<U+0009>')
    .replaceAll('\n', '<U+000A>')
    .replaceAll('\r', '<U+000D>')
}

function warningLines(changes: readonly MemberChange[]): readonly string[] {
  const texts = textsIn(changes.map(({ path, after }) => [path, after]))
  const mixed = [...new Set(texts.flatMap(mixedWords))]
  return [
    ...(texts.some(hasHiddenText) ? ['hidden characters'] : []),
    ...(mixed.length === 0 ? [] : [`letters in the guise of others: ${mixed.map(oneLine).join(', ')}`]),
  ].map((warning) => coloured('!', `      ! ${warning}`))
}

/** All texts of a value, keys among them. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => [key].concat(textsIn(member)))
}

function memberLines(change: MemberChange): readonly string[] {
  return [
    `      ${change.path.map(oneLine).join('.')}`,
    ...valueLines(change).map((line) => coloured(line.charAt(0), `        ${line}`)),
  ]
}

function valueLines({ before, after }: MemberChange): readonly string[] {
  if (before === undefined) return signed('+', linesOf(after))
  if (after === undefined) return signed('-', linesOf(before))
  const lines = lineDiff(linesOf(before).join('\n'), linesOf(after).join('\n'))
  // What differs in nothing that lines show, differs in how it is written.
  return lines.some((line) => /^[+-]/.test(line))
    ? lines
    : [...signed('-', [exactly(before)]), ...signed('+', [exactly(after)])]
}

function signed(sign: '+' | '-', lines: readonly string[]): readonly string[] {
  const more = lines.length - MOST_LINES
  return [
    ...lines.slice(0, MOST_LINES).map((line) => `${sign} ${line}`),
    ...(more > 0 ? [`${sign} (and ${counted(more, 'line')} more: see --json)`] : []),
  ]
}

/** A text as its lines, everything else as JSON; blanks at the ends of lines are shown. */
function linesOf(value: unknown): readonly string[] {
  const text = typeof value === 'string' ? madeVisible(value) : madeVisible(JSON.stringify(value, null, 2))
  return wrapped(
    text
      .replaceAll(/[ \t]+(?=\r?\n|$)/g, (blanks) =>
        blanks.replaceAll(' ', '<U+0020>').replaceAll('\t', '<U+0009>'),
      )
      .replaceAll('\r\n', '<U+000D>\n'),
    WIDTH,
  )
}

function exactly(value: unknown): string {
  return visibleLine(JSON.stringify(value))
}

function coloured(sign: string, line: string): string {
  const colour = Object.entries(COLOURS).find(([one]) => one === sign)?.[1]
  return colour === undefined ? line : styleText(colour, line, { stream: stdout })
}

/** The same as JSON, with texts as they are. */
export function comparisonJson(compared: Compared | Unreachable): unknown {
  if (compared.kind === 'unreachable') return { upstream: compared.upstream, error: compared.why }
  const { upstream, isPinned, changes, quarantined } = compared
  return {
    upstream,
    pinned: isPinned,
    changes: changes.map(({ kind, name, change, before, after }) => ({
      kind,
      name,
      change,
      before: before?.hash ?? null,
      after: after?.hash ?? null,
      members: memberChanges(before, after),
    })),
    quarantined,
  }
}
