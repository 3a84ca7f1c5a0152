import * as z from 'zod'
import { strict, text } from './shapes.ts'

/** Which certificates of a CA of somebody else name whom. */
export type PrincipalSettings =
  | { readonly from: 'uri'; readonly kind?: Kind | undefined; readonly match?: string | undefined }
  | { readonly from: 'dns' | 'email'; readonly kind: Kind; readonly match?: string | undefined }
  | {
      readonly from: 'subject'
      readonly attribute: 'CN' | 'UID' | 'serialNumber'
      readonly kind: Kind
      readonly match?: string | undefined
    }

type Kind = 'service' | 'agent' | 'user'

/** Files of one CA; paths as written. */
export interface AuthorityPaths {
  readonly roots: string
  readonly issuers: string
  /** Undefined where none are asked for. */
  readonly revocationLists?: string | undefined
}

/** The CA of somebody else. */
export interface BundleSettings extends AuthorityPaths {
  readonly name: string
  readonly trustDomains: readonly string[]
  /** Hex SHA-256 of public keys. */
  readonly pins: readonly string[]
  readonly principal: PrincipalSettings
  readonly unsafeWithoutRevocationLists: boolean
}

/** Whose client certificates are believed: those of our own CA, whose files these are, and of others. */
export interface TrustSettings extends AuthorityPaths {
  readonly own: boolean
  readonly revocationLists: string
  readonly bundles: readonly BundleSettings[]
}

const path = text('a path')

const kind = z.enum(['service', 'agent', 'user'], 'must be service, agent or user')

const match = text('a pattern')
  .max(255, 'must be at most 255 characters')
  .regex(/^[\x21-\x7e]+$/, 'must be letters, digits and signs without spaces')
  .optional()
  .describe('What the name must look like: "*" stands for anything but "/", "**" for anything.')

const principal = z
  .discriminatedUnion(
    'from',
    [
      strict({
        from: z.literal('uri'),
        kind: kind
          .optional()
          .describe('Of every principal; without it, the first segment of the SPIFFE ID says it.'),
        match,
      }),
      strict({ from: z.enum(['dns', 'email']), kind, match }),
      strict({
        from: z.literal('subject'),
        attribute: z.enum(['CN', 'UID', 'serialNumber'], 'must be CN, UID or serialNumber'),
        kind,
        match,
      }),
    ],
    { error: 'must be a map with from: uri, dns, email or subject' },
  )
  .describe('Which name of a certificate says who it is; there must be exactly one of them.')

const trustDomain = text('a trust domain')
  .max(255, 'must be at most 255 characters')
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/,
    'must be a trust domain in lower-case letters, digits, ".", "_" and "-"',
  )

const bundle = strict({
  name: text('a name').max(64, 'must be at most 64 characters').describe('For messages.'),
  roots: path.describe('Root certificates (PEM).'),
  issuers: path.describe(
    'The CAs whose client certificates are believed, and those between them and a root (PEM).',
  ),
  revocationLists: path.optional().describe('Revocation lists, one PEM block for each issuer.'),
  unsafeWithoutRevocationLists: z
    .boolean('must be true or false')
    .default(false)
    .describe('Believe certificates of this CA until they end, revoked or not.'),
  trustDomains: z
    .array(trustDomain, 'must be a list of trust domains')
    .min(1, 'must name at least one trust domain')
    .max(16, 'must be at most 16 trust domains')
    .describe('Whose principals this CA may name; those of no other, and never ours.'),
  pins: z
    .array(
      text('a digest').regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 digest in 64 lower-case hex digits'),
      'must be a list of digests',
    )
    .max(16, 'must be at most 16 digests')
    .default([])
    .describe(
      'SHA-256 of public keys (SubjectPublicKeyInfo); each issuer or its root must have one of them.',
    ),
  principal,
})

/** Validates the section `trust`. */
export const trustSchema: z.ZodType<TrustSettings> = strict({
  own: z.boolean('must be true or false').default(true).describe('Whether our own CA is believed.'),
  roots: path.default('certs/ca/root.pem').describe('Root certificates of our own CA (PEM).'),
  issuers: path.default('certs/ca/issuing.pem').describe('Its issuing certificates (PEM).'),
  revocationLists: path
    .default('certs/ca/crl.pem')
    .describe('Its revocation lists, one PEM block for each CA.'),
  bundles: z
    .array(bundle, 'must be a list of CAs')
    .max(16, 'must be at most 16 CAs')
    .default([])
    .describe('CAs of others.'),
}).prefault({})
