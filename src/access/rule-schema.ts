import * as z from 'zod'
import { certificate, condition, list, name, shapeHelp, things } from './schema-parts.ts'
import type { CertificateEntry, ThingsEntry } from './schema-parts.ts'

/** The methods that a rule may be about: what lists show is decided by what may be done. */
export const METHODS = [
  'tools/call',
  'prompts/get',
  'resources/read',
  'resources/subscribe',
  'completion/complete',
] as const

/** One of {@link METHODS}. */
export type Method = (typeof METHODS)[number]

interface CommonEntry extends ThingsEntry {
  readonly name: string
  readonly mode?: 'enforce' | 'shadow' | undefined
  readonly principals?: readonly string[] | undefined
  readonly methods?: readonly Method[] | undefined
  readonly when?: string | undefined
}

/** A rule as the file says it. */
export type RuleEntry =
  | (CommonEntry & { readonly effect: 'deny' | 'hide' })
  | (CommonEntry & {
      readonly effect: 'step-up'
      readonly priority?: number | undefined
      readonly within?: string | undefined
      readonly certificate?: CertificateEntry | undefined
    })
  | (CommonEntry & {
      readonly effect: 'approve'
      readonly priority?: number | undefined
      readonly by: { readonly role: string }
    })

const methods = list(
  z.enum(METHODS, `must be one of ${METHODS.join(', ')}: lists follow from them`),
  'must be a list, as in [ "tools/call" ]',
)
  .min(1, 'names no method: leave it out for all of them')
  .describe('Methods of the protocol that it concerns; all of them unless given.')
  .optional()

const common = {
  name: z
    .string('the name of a rule must be text: put it in quotes')
    .regex(
      /^[a-z0-9][a-z0-9-]{0,63}$/,
      'the name of a rule must be lower-case letters, digits and "-", at most 64, beginning with a letter or digit',
    )
    .describe('What records and explanations call it.'),
  mode: z
    .enum(['enforce', 'shadow'], 'must be "enforce" or "shadow"')
    .describe('"shadow": recorded, never enforced.')
    .optional(),
  ...things,
  principals: list(
    z.string('a principal must be text: put it in quotes'),
    'must be a list, as in [ "user:alice", "service:*", "role:reader", "group:sre" ]',
  )
    .min(1, 'names nobody: leave it out for everybody')
    .describe('Whom it concerns, any of them: user:, service:, agent: with "*"; role:, group:.')
    .optional(),
  methods,
  when: condition.optional(),
}

const priority = z
  .int('must be a whole number')
  .min(-1000, 'must be at least -1000')
  .max(1000, 'must be at most 1000')
  .describe('What is asked for first: higher first, then the order of the file.')
  .optional()

const effects = [
  z.strictObject(
    { ...common, effect: z.literal('deny') },
    {
      error: shapeHelp(
        'a deny rule has name, effect, mode, tools, prompts, resources, principals, methods and when',
      ),
    },
  ),
  z
    .strictObject(
      {
        ...common,
        effect: z.literal('step-up'),
        priority,
        within: z
          .string('must be text, as in 5m')
          .describe('Needs a second factor that was proved no longer ago than this (1s to 24h).')
          .optional(),
        certificate: certificate.describe('Needs a certificate like this.').optional(),
      },
      {
        error: shapeHelp(
          'a step-up rule has name, effect, mode, tools, prompts, resources, principals, methods, priority, when, and one of within and certificate',
        ),
      },
    )
    .meta({ oneOf: [{ required: ['within'] }, { required: ['certificate'] }] }),
  z.strictObject(
    {
      ...common,
      effect: z.literal('approve'),
      priority,
      by: z
        .strictObject(
          { role: name('the name of a role') },
          { error: shapeHelp('an approve rule says by whom, as in by: { role: treasurer }') },
        )
        .describe('Needs the approval of another person with this role.'),
    },
    {
      error: shapeHelp(
        'an approve rule has name, effect, mode, tools, prompts, resources, principals, methods, priority, when and by',
      ),
    },
  ),
  z.strictObject(
    { ...common, effect: z.literal('hide') },
    {
      error: shapeHelp(
        'a hide rule has name, effect, mode, tools, prompts, resources, principals, methods and when',
      ),
    },
  ),
] as const

/** The schema of {@link RuleEntry}: each effect with its own keys. */
export const rule: z.ZodType<RuleEntry> = z.discriminatedUnion('effect', effects, {
  error: (issue) =>
    issue.code === 'invalid_union'
      ? 'must be one of deny, step-up, approve and hide'
      : 'a rule is a map with name, effect and what it is about',
})
