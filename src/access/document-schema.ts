import * as z from 'zod'
import { PERMISSION_PATTERN } from './permission.ts'
import { rule, type RuleEntry } from './rule-schema.ts'
import { certificate, condition, list, name, principalName, shapeHelp, things } from './schema-parts.ts'
import type { CertificateEntry, ThingsEntry } from './schema-parts.ts'

/** A grant as the file says it: one subject, roles, and what is said of the subject. */
export interface GrantEntry {
  readonly service?: string | undefined
  readonly agent?: string | undefined
  readonly user?: string | undefined
  readonly certificate?: CertificateEntry | undefined
  readonly group?: string | undefined
  readonly authenticated?: true | undefined
  readonly roles: readonly string[]
  readonly owner?: string | undefined
  readonly attributes?: Readonly<Record<string, string>> | undefined
  readonly when?: string | undefined
}

/** A role as the file says it: its permissions alone, or with what it includes and asks for. */
export type RoleEntry =
  | readonly string[]
  | {
      readonly includes?: readonly string[] | undefined
      readonly permissions?: readonly string[] | undefined
      readonly mfa?: 'required' | undefined
    }

/** A limit as the file says it. */
export interface LimitEntry extends ThingsEntry {
  readonly role?: string | undefined
  readonly principal?: string | undefined
  readonly group?: string | undefined
  readonly rate: string
}

/** The shape of `access.yaml`; what it takes more than one place to see is checked by `document-faults.ts`. */
export interface AccessFile {
  readonly version: 1
  readonly rules: readonly RuleEntry[]
  readonly limits?: readonly LimitEntry[] | undefined
  readonly roles: Readonly<Record<string, RoleEntry>>
  readonly groups?: Readonly<Record<string, readonly string[]>> | undefined
  readonly grants: readonly GrantEntry[]
}

/** What a role that gives nothing is told. */
export const ROLE_HELP =
  'a role is a list of permissions, as in [ "notes:read" ], or a map with includes, permissions and mfa, as in { permissions: [ "*" ], mfa: required }'

const pattern = z
  .string('a permission must be text: put it in quotes')
  .regex(PERMISSION_PATTERN, 'a permission is written area:verb ("notes:read"), area:* , *:verb or "*"')

const permissions = list(pattern, 'a role is a list of permissions, as in [ "notes:read" ]')

const roleNames = list(name('the name of a role'), 'must be a list of role names, as in [ reader ]')

const role = z
  .union([
    permissions,
    z
      .strictObject(
        {
          includes: roleNames
            .describe('Roles whose permissions it has, too, and what they ask for.')
            .optional(),
          permissions: permissions.optional(),
          mfa: z
            .literal('required', 'must be "required", or left out')
            .optional()
            .describe('"required": a person with this role who has proved no second factor is refused.'),
        },
        { error: shapeHelp(ROLE_HELP) },
      )
      .meta({ anyOf: [{ required: ['permissions'] }, { required: ['includes'] }] }),
  ])
  .describe('Permissions, or permissions, roles that it includes, and what it asks for.')

const principalId = (what: string): z.ZodString => z.string(`${what} must be text: put it in quotes`)

const limit = z
  .strictObject(
    {
      role: name('the name of a role').optional(),
      principal: principalId('a principal').describe('As in "service:billing" or "service:*".').optional(),
      group: name('the name of a group').optional(),
      ...things,
      rate: z
        .string('a rate must be text, as in 60/m')
        .regex(/^[1-9][0-9]{0,6}\/[smhd]$/, 'a rate is a whole number to s, m, h or d, as in 60/m')
        .describe('Calls to a second, minute, hour or day, of each principal.'),
    },
    {
      error: shapeHelp(
        'a limit has at most one of role, principal and group, then tools, prompts or resources, and rate',
      ),
    },
  )
  .describe('How often each principal may call, over all that matches together.')

const attributes = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, {
      error: 'the name of an attribute must be letters, digits and "_", at most 64, beginning with no digit',
    }),
    z
      .string('an attribute must be text: put it in quotes')
      .max(1024, 'an attribute has at most 1024 characters'),
    'must be a map from names to texts, as in { team: payments }',
  )
  .describe('What conditions can ask of this principal.')

const GRANT_SUBJECTS = ['service', 'agent', 'user', 'certificate', 'group', 'authenticated']

const grant = z
  .strictObject(
    {
      service: principalName('the name of a service').optional(),
      agent: principalName('the name of an agent').optional(),
      user: principalName('the name of a user').optional(),
      certificate: certificate.describe('Whoever has a certificate like this.').optional(),
      group: name('the name of a group').optional(),
      authenticated: z
        .literal(true, 'must be true, or left out')
        .describe('Everybody who is authenticated.')
        .optional(),
      roles: roleNames.describe('Roles from the section "roles".'),
      owner: principalId('an owner')
        .describe('Of a service or agent: the person who answers for it, as in "user:alice".')
        .optional(),
      attributes: attributes.optional(),
      when: condition.optional(),
    },
    {
      error: shapeHelp(
        'a grant has one of service, agent, user, certificate, group and authenticated, roles, and maybe owner, attributes and when',
      ),
    },
  )
  .meta({ oneOf: GRANT_SUBJECTS.map((subject) => ({ required: [subject] })) })

const members = list(
  principalId('a member of a group'),
  'must be a list of principals, as in [ "user:alice", "service:pager" ]',
)

/** Validates the shape of `access.yaml` and makes its published JSON Schema. Unknown keys are refused. */
export const accessFileSchema: z.ZodType<AccessFile> = z
  .strictObject(
    {
      version: z.literal(1, 'must be 1: the only version this program knows'),
      rules: list(rule, 'must be a list: write "rules: []" for none').describe(
        'Conditions on top of permissions.',
      ),
      limits: list(limit, 'must be a list: leave it out for none').optional(),
      roles: z
        .record(
          name('the name of a role'),
          role,
          'must be a map from the name of a role to its permissions: write "roles: {}" for none',
        )
        .describe('Named sets of permissions.'),
      groups: z
        .record(
          name('the name of a group'),
          members,
          'must be a map from the name of a group to its members: leave it out for none',
        )
        .describe('Named sets of principals.')
        .optional(),
      grants: list(grant, 'must be a list: write "grants: []" for none').describe(
        'Who has which roles. A principal without a grant may use only what any authenticated caller may.',
      ),
    },
    { error: shapeHelp('the file has version, rules, limits, roles, groups and grants') },
  )
  .meta({ title: 'Sallyport access policy', description: 'Who may use which tools (access.yaml).' })
