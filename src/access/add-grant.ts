import { isMap, isNode, isSeq, parseDocument } from 'yaml'
import type { YAMLMap, YAMLSeq } from 'yaml'
import { parsePrincipal } from '../auth/principal.ts'
import type { Principal } from '../auth/principal.ts'
import { SallyportError } from '../errors.ts'
import { parseAccessDocument, roleNames } from './document.ts'
import type { AccessDocument } from './document.ts'
import type { Grant } from './grant.ts'

const FILE = 'access.yaml'

/**
 * Adds roles to the grants of a principal by editing the text, so that comments and layout stay. Roles that it has
 * already, by its name and without a condition, are not written again: doing it twice changes nothing.
 *
 * Fails closed: the result is parsed, and must say what the text said before and these roles, nothing else.
 *
 * @param text the access policy
 * @param principalId as in `service:billing`
 * @throws SallyportError `NAME_INVALID` for a principal that is not one, `NOT_FOUND` for a role that does not exist,
 *   `POLICY_INVALID` if the text is not a policy, or is laid out so that it has to be edited by hand
 */
export function addGrant(text: string, principalId: string, roles: readonly string[]): string {
  const principal = parsePrincipal(principalId)
  if (principal === undefined)
    throw new SallyportError(
      'NAME_INVALID',
      `"${principalId}" is no principal: write kind:name, as in service:billing`,
    )
  const before = parseAccessDocument(text, FILE)
  refuseUnknown(roles, before)
  const had = rolesOf(before, principal.id)
  const missing = [...new Set(roles)].filter((role) => !had.includes(role))
  if (missing.length === 0) return text
  const edited = edit(text, principal, missing)
  if (!isExactly(edited, before, principal, missing)) throw byHand(principal, missing)
  return edited
}

function refuseUnknown(roles: readonly string[], document: AccessDocument): void {
  const known = roleNames(document)
  const unknown = roles.find((role) => !known.includes(role))
  if (unknown !== undefined)
    throw new SallyportError(
      'NOT_FOUND',
      `there is no role "${unknown}" in the access policy: use one of ${known.join(', ')}, or add it to its roles`,
    )
}

function byHand(principal: Principal, roles: readonly string[]): SallyportError {
  return new SallyportError(
    'POLICY_INVALID',
    `the access policy is laid out so that it cannot be edited safely: add "${entryOf(principal, roles)}" to its grants by hand`,
  )
}

function rolesOf(document: AccessDocument, principalId: string): readonly string[] {
  return document.grants.filter((grant) => isPlain(grant, principalId)).flatMap(({ roles }) => roles)
}

/** Whether a grant is to this very principal, always. */
function isPlain({ subject, when }: Grant, principalId: string): boolean {
  return subject.kind === 'principal' && subject.principal.id === principalId && when === null
}

/** Whether `edited` says what `before` said and the added roles, and not a word more. */
function isExactly(
  edited: string,
  before: AccessDocument,
  principal: Principal,
  added: readonly string[],
): boolean {
  const after = parsedOr(edited)
  if (after === undefined) return false
  const wanted = [...rolesOf(before, principal.id), ...added]
  return (
    others(after, principal) === others(before, principal) &&
    JSON.stringify(rolesOf(after, principal.id).toSorted()) === JSON.stringify(wanted.toSorted())
  )
}

function parsedOr(text: string): AccessDocument | undefined {
  try {
    return parseAccessDocument(text, FILE)
  } catch {
    return undefined
  }
}

/** All that a document says but for the roles that the principal has by its name: they are compared by themselves. */
function others(document: AccessDocument, { id }: Principal): string {
  const { rules, limits, roles, groups } = document
  const grants = document.grants.flatMap((grant) => {
    if (!isPlain(grant, id)) return [grant]
    const saysMore = grant.owner !== null || Object.keys(grant.attributes).length > 0
    return saysMore ? [{ ...grant, roles: [] }] : []
  })
  return JSON.stringify([rules, limits, [...roles], [...groups], grants])
}

function edit(text: string, principal: Principal, roles: readonly string[]): string {
  const grants: unknown = parseDocument(text).getIn(['grants'], true)
  if (!isSeq(grants)) return text
  const existing = grants.items.findLast(
    (item): item is YAMLMap =>
      isMap(item) && item.get(principal.kind) === principal.name && !item.has('when'),
  )
  const list = existing?.get('roles', true)
  if (isSeq(list)) return append(text, list, roles.map(quoted))
  if (/^\[\s*\]$/.test(sourceOf(text, grants))) return firstGrant(text, grants, principal, roles)
  return append(text, grants, [entryOf(principal, roles)])
}

function sourceOf(text: string, node: YAMLSeq): string {
  return text.slice(node.range?.[0], node.range?.[1])
}

/** `grants: []` becomes a list of lines; the section is the last one, so that its lines go to the end. */
function firstGrant(text: string, grants: YAMLSeq, principal: Principal, roles: readonly string[]): string {
  const [start = 0, end = 0] = grants.range ?? []
  return `${text.slice(0, start).trimEnd()}${text.slice(end)}  - ${entryOf(principal, roles)}\n`
}

function append(text: string, list: YAMLSeq, items: readonly string[]): string {
  return list.flow === true ? appendInFlow(text, list, items) : appendLines(text, list, items)
}

function appendInFlow(text: string, list: YAMLSeq, items: readonly string[]): string {
  const last: unknown = list.items.at(-1)
  const after = isNode(last) ? last.range?.[1] : undefined
  const at = after ?? (list.range?.[0] ?? 0) + 1
  return `${text.slice(0, at)}${after === undefined ? ' ' : ', '}${items.join(', ')}${text.slice(at)}`
}

function appendLines(text: string, list: YAMLSeq, items: readonly string[]): string {
  const [start = 0, end = 0] = list.range ?? []
  const at = text[end - 1] === '\n' ? end : text.indexOf('\n', end) + 1
  const indent = ' '.repeat(start - (text.lastIndexOf('\n', start - 1) + 1))
  return `${text.slice(0, at)}${items.map((item) => `${indent}- ${item}\n`).join('')}${text.slice(at)}`
}

/** One line, which fits a list in lines and a list in brackets alike. */
function entryOf(principal: Principal, roles: readonly string[]): string {
  return `{ ${principal.kind}: ${quoted(principal.name)}, roles: [ ${roles.map(quoted).join(', ')} ] }`
}

/** Names such as `12`, `1e3` or `null` mean something else in YAML when they stand bare. */
function quoted(name: string): string {
  return /^[a-z][a-z0-9_-]*$/.test(name) && !/^(?:null|true|false)$/.test(name) ? name : JSON.stringify(name)
}
