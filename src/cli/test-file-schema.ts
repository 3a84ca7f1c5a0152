import { isIP } from 'node:net'
import * as z from 'zod'
import type { DenyReason } from '../access/decision.ts'
import { PERMISSION_PATTERN } from '../access/permission.ts'
import type { AuthMethod } from '../auth/context.ts'
import { parsePrincipal } from '../auth/principal.ts'
import { parseDuration } from '../config/duration.ts'
import { strict, text } from '../config/shapes.ts'
import { parseMoment } from './moment.ts'

/** What a case supposes of its caller, as the file says it. */
export interface ProofsEntry {
  readonly methods?: readonly AuthMethod[] | undefined
  readonly age?: string | undefined
  /** A duration, or `none`. */
  readonly mfaAge?: string | undefined
  readonly address?: string | undefined
  readonly certificate?:
    | { readonly uri?: string | undefined; readonly issuer?: string | undefined }
    | undefined
  readonly only?: readonly string[] | undefined
}

/** What a case may expect of one thing. */
export type Expectation = 'allow' | 'deny' | 'step-up' | 'approve' | 'visible' | 'hidden'

/** A case as the file says it. */
export interface CaseEntry {
  readonly name: string
  readonly as: string
  readonly proofs?: ProofsEntry | undefined
  readonly at?: string | undefined
  readonly call?: string | undefined
  readonly prompt?: string | undefined
  readonly resource?: string | undefined
  readonly list?: 'tools' | 'prompts' | 'resources' | undefined
  readonly with?: Readonly<Record<string, unknown>> | undefined
  readonly expect?: Expectation | undefined
  readonly rule?: string | undefined
  readonly reason?: DenyReason | undefined
  readonly sees?: readonly string[] | undefined
  readonly lacks?: readonly string[] | undefined
}

/** Those that a policy gives; the others come of what happened before. */
const REASONS = [
  'no_permission',
  'unknown_name',
  'second_factor_required',
  'denied_by_rule',
  'need_cannot_be_met',
] as const satisfies DenyReason[]

const names = z.array(text('a name'), 'must be a list of names, as in [ notes_read ]').max(10_000)

const duration = z
  .string('must be a duration, as in 5m')
  .refine((value) => parseDuration(value) !== undefined, 'must be a duration, as in 90s, 5m or 8h')

const proofs = strict({
  methods: z
    .array(z.enum(['certificate', 'session'], 'must be certificate or session'), 'must be a list')
    .min(1, 'must name one method at least, as in [ session ]')
    .optional(),
  age: duration.optional(),
  mfaAge: z
    .string('must be a duration, as in 5m, or "none"')
    .refine(
      (value) => value === 'none' || parseDuration(value) !== undefined,
      'must be a duration, as in 5m, or "none"',
    )
    .optional(),
  address: z
    .string('must be an IP address, as text')
    .refine((value) => isIP(value) !== 0, 'must be an IP address, as in "10.1.2.3"')
    .optional(),
  certificate: strict({ uri: text('a URI').optional(), issuer: text('a name').optional() }).optional(),
  only: z
    .array(
      z.string('must be a permission').regex(PERMISSION_PATTERN, 'must be a permission, as in "notes:read"'),
      'must be a list of permissions',
    )
    .min(1, 'must name one permission at least')
    .optional(),
})

const testCase = strict({
  name: text('what the case shows'),
  as: z
    .string('must be who asks, as in service:demo')
    .refine((value) => parsePrincipal(value) !== undefined, 'must be who asks, as in service:demo'),
  proofs: proofs.optional(),
  at: z
    .string('must be a time in quotes')
    .refine(
      (value) => parseMoment(value, 0) !== undefined && parseDuration(value) === undefined,
      'must be a time with its offset, as in "2026-11-21T10:00:00Z"',
    )
    .optional(),
  call: text('the name of a tool').optional(),
  prompt: text('the name of a prompt').optional(),
  resource: text('the URI of a resource').optional(),
  list: z.enum(['tools', 'prompts', 'resources'], 'must be tools, prompts or resources').optional(),
  with: z.record(z.string(), z.unknown(), 'must be a map of arguments').optional(),
  expect: z
    .enum(
      ['allow', 'deny', 'step-up', 'approve', 'visible', 'hidden'],
      'must be allow, deny, step-up, approve, visible or hidden',
    )
    .optional(),
  rule: text('the name of a rule').optional(),
  reason: z.enum(REASONS, `must be one of ${REASONS.join(', ')}`).optional(),
  sees: names.optional(),
  lacks: names.optional(),
})

/** The shape of a file of test cases; what contradicts what is checked by `test-file.ts`. */
export const testFileSchema: z.ZodType<{
  readonly policy?: string | undefined
  readonly cases: readonly CaseEntry[]
}> = strict({
  policy: text('a path').optional(),
  cases: z.array(testCase, 'must be a list of cases').min(1, 'has no case').max(10_000),
})
