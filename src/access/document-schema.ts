import * as z from 'zod'
import { OWN_NAME, PRINCIPAL_NAME } from '../auth/principal.ts'
import { PERMISSION_PATTERN } from './permission.ts'

/** A grant as the file says it: one of the three subjects, and roles. */
export interface GrantEntry {
  readonly service?: string | undefined
  readonly agent?: string | undefined
  readonly user?: string | undefined
  readonly roles: readonly string[]
}

/** A role as the file says it: its permissions alone, or with what it asks for. */
export type RoleEntry =
  | readonly string[]
  | { readonly permissions: readonly string[]; readonly mfa?: 'required' | undefined }

/** The shape of `access.yaml`; order of keys, subjects and existing roles are checked by `document.ts`. */
export interface AccessFile {
  readonly version: 1
  readonly rules: readonly unknown[]
  readonly roles: Readonly<Record<string, RoleEntry>>
  readonly grants: readonly GrantEntry[]
}

const MOST = 10_000
const NAME_HELP =
  'lower-case letters, digits, ".", "_" and "-", at most 64, beginning and ending with a letter or digit'

const ROLE_HELP =
  'a role is a list of permissions, as in [ "notes:read" ], or permissions and mfa, as in { permissions: [ "*" ], mfa: required }'

const name = (what: string): z.ZodString =>
  z.string(`${what} must be text: put it in quotes`).regex(OWN_NAME, `${what} must be ${NAME_HELP}`)

const principal = (what: string): z.ZodString =>
  z
    .string(`${what} must be text: put it in quotes`)
    .regex(
      PRINCIPAL_NAME,
      `${what} must be ${NAME_HELP}; of another trust domain that domain, "/" and its name there, as in "corp.example/billing"`,
    )

const pattern = z
  .string('a permission must be text: put it in quotes')
  .regex(PERMISSION_PATTERN, 'a permission is written area:verb ("notes:read"), area:* , *:verb or "*"')

const list = <T extends z.ZodType>(items: T, help: string): z.ZodArray<T> =>
  z.array(items, help).max(MOST, `more than ${MOST} entries are not taken: use fewer`)

const permissions = list(pattern, 'a role is a list of permissions, as in [ "notes:read" ]')

const role = z
  .union([
    permissions,
    z.strictObject(
      {
        permissions,
        mfa: z
          .literal('required', 'must be "required", or left out')
          .optional()
          .describe('"required": a person with this role who has proved no second factor is refused.'),
      },
      { error: shapeHelp(ROLE_HELP) },
    ),
  ])
  .describe('Permissions, or permissions and what the role asks for.')

const grant = z
  .strictObject(
    {
      service: principal('the name of a service').optional(),
      agent: principal('the name of an agent').optional(),
      user: principal('the name of a user').optional(),
      roles: list(name('the name of a role'), 'must be a list of role names, as in [ reader ]').describe(
        'Roles from the section "roles".',
      ),
    },
    { error: shapeHelp('a grant has one of service, agent or user, and roles') },
  )
  .meta({ oneOf: [{ required: ['service'] }, { required: ['agent'] }, { required: ['user'] }] })

/** Validates the shape of `access.yaml` and makes its published JSON Schema. Unknown keys are refused. */
export const accessFileSchema: z.ZodType<AccessFile> = z
  .strictObject(
    {
      version: z.literal(1, 'must be 1: the only version this program knows'),
      rules: list(z.unknown(), 'must be a list: write "rules: []" for none')
        .max(0)
        .describe(
          'Conditions on top of permissions. This version decides on none, so the list must be empty.',
        ),
      roles: z
        .record(
          name('the name of a role'),
          role,
          'must be a map from the name of a role to its permissions: write "roles: {}" for none',
        )
        .describe('Named sets of permissions.'),
      grants: list(grant, 'must be a list: write "grants: []" for none').describe(
        'Who has which roles. A principal without a grant may use only what any authenticated caller may.',
      ),
    },
    { error: shapeHelp('the file has version, rules, roles and grants') },
  )
  .meta({ title: 'Sallyport access policy', description: 'Who may use which tools (access.yaml).' })

function shapeHelp(help: string): (issue: { readonly code?: string | undefined }) => string {
  return (issue) => (issue.code === 'unrecognized_keys' ? `unknown key: ${help}` : help)
}
