import type { YamlFault } from '../yaml-source.ts'
import type { AccessFile } from './document-schema.ts'
import { parseDuration } from './duration.ts'
import { parsePrincipalPattern } from './principal-pattern.ts'
import type { RuleEntry } from './rule-schema.ts'
import type { ThingsEntry } from './schema-parts.ts'
import { unknownName } from './unknown-name.ts'

/** What is wrong with rules of the right shape. */
export function ruleFaults(file: AccessFile): readonly YamlFault[] {
  const first = new Map(file.rules.map(({ name }, index) => [name, index] as const).toReversed())
  return file.rules.flatMap((rule, index) => {
    const path = ['rules', index]
    return [
      ...(first.get(rule.name) === index
        ? []
        : [{ path: [...path, 'name'], sentence: `there are two rules "${rule.name}": rename one` }]),
      ...thingsFaults(rule, path),
      ...(rule.principals ?? []).flatMap((text, position) =>
        principalFaults(text, file, [...path, 'principals', position]),
      ),
      ...effectFaults(rule, file, path),
    ]
  })
}

/** A rule or a limit that is about nothing at all was meant to be about something. */
export function thingsFaults(
  { tools = [], prompts = [], resources = [] }: ThingsEntry,
  path: readonly PropertyKey[],
): readonly YamlFault[] {
  if (tools.length + prompts.length + resources.length > 0) return []
  return [{ path, sentence: 'it is about nothing: give it a pattern of tools, prompts or resources' }]
}

/** What is wrong with one pattern of principals. */
export function principalFaults(
  text: string,
  { roles, groups = {} }: AccessFile,
  path: readonly PropertyKey[],
): readonly YamlFault[] {
  const pattern = parsePrincipalPattern(text)
  if (pattern === undefined)
    return [
      {
        path,
        sentence: `"${text}" means nobody: write "user:alice", "service:*", "agent:ci-*", "role:reader" or "group:sre"`,
      },
    ]
  if (pattern.kind === 'role') return unknownName('role', pattern.name, roles, path)
  return pattern.kind === 'group' ? unknownName('group', pattern.name, groups, path) : []
}

function effectFaults(rule: RuleEntry, file: AccessFile, path: readonly PropertyKey[]): readonly YamlFault[] {
  switch (rule.effect) {
    case 'deny':
    case 'hide':
      return []
    case 'approve':
      return unknownName('role', rule.by.role, file.roles, [...path, 'by', 'role'])
    case 'step-up':
      return stepUpFaults(rule, path)
  }
}

function stepUpFaults(
  { within, certificate }: RuleEntry & { readonly effect: 'step-up' },
  path: readonly PropertyKey[],
): readonly YamlFault[] {
  if ((within === undefined) === (certificate === undefined))
    return [{ path, sentence: 'a step-up rule has exactly one of within and certificate' }]
  if (within === undefined || parseDuration(within) !== undefined) return []
  const sentence = `"${within}" is no time to step up within: write 1s to 24h, as in 30s, 5m or 8h`
  return [{ path: [...path, 'within'], sentence }]
}
