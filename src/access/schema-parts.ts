import * as z from 'zod'
import { OWN_NAME, PRINCIPAL_NAME } from '../auth/principal.ts'

const MOST = 10_000
const LONGEST_CONDITION = 4096
const LONGEST_PATTERN = 256

/** What names of roles and groups look like, in words. */
export const NAME_HELP =
  'lower-case letters, digits, ".", "_" and "-", at most 64, beginning and ending with a letter or digit'

/** The name of something in the file itself. */
export const name = (what: string): z.ZodString =>
  z.string(`${what} must be text: put it in quotes`).regex(OWN_NAME, `${what} must be ${NAME_HELP}`)

/** The name of a principal, without its kind. */
export const principalName = (what: string): z.ZodString =>
  z
    .string(`${what} must be text: put it in quotes`)
    .regex(
      PRINCIPAL_NAME,
      `${what} must be ${NAME_HELP}; of another trust domain that domain, "/" and its name there, as in "corp.example/billing"`,
    )

/** A list that is not endless. */
export const list = <T extends z.ZodType>(items: T, help: string): z.ZodArray<T> =>
  z.array(items, help).max(MOST, `more than ${MOST} entries are not taken: use fewer`)

const namePattern = (what: string): z.ZodString =>
  z
    .string(`a pattern of ${what} names must be text: put it in quotes`)
    .regex(
      /^(?!.*\*{3})[A-Za-z0-9_.*?-]{1,256}$/,
      `a pattern of ${what} names has letters, digits, "_", ".", "-", "*" for any run of them and "?" for one`,
    )

const uriPattern = z
  .string('a pattern of URIs must be text: put it in quotes')
  .max(LONGEST_PATTERN, `a pattern of URIs has at most ${LONGEST_PATTERN} characters`)
  .regex(
    /^(?!.*\*{3})[!-~]+$/,
    'a pattern of URIs has no spaces; "*" is any run of anything but "/", "**" any run of anything, "?" one character',
  )

/** What a rule or a limit is about, as the file says it. */
export interface ThingsEntry {
  readonly tools?: readonly string[] | undefined
  readonly prompts?: readonly string[] | undefined
  readonly resources?: readonly string[] | undefined
}

const patterns = 'must be a list of patterns, as in [ "notes_*" ]'

/** The keys of {@link ThingsEntry}. */
export const things: {
  readonly tools: z.ZodOptional<z.ZodArray<z.ZodString>>
  readonly prompts: z.ZodOptional<z.ZodArray<z.ZodString>>
  readonly resources: z.ZodOptional<z.ZodArray<z.ZodString>>
} = {
  tools: list(namePattern('tool'), patterns).describe('Patterns of tool names; "*" is any run.').optional(),
  prompts: list(namePattern('prompt'), patterns)
    .describe('Patterns of prompt names; "*" is any run.')
    .optional(),
  resources: list(uriPattern, patterns)
    .describe('Patterns of resource URIs; "*" is any run without "/", "**" any run.')
    .optional(),
}

/** Which certificates are meant, as the file says it. */
export interface CertificateEntry {
  readonly uri?: string | undefined
  readonly issuer?: string | undefined
}

const CERTIFICATE_HELP =
  'a certificate is meant by a pattern of its uri and its issuer, as in { uri: "spiffe://corp.example/ci/*", issuer: "CN=Corp CA" }'

/** The schema of {@link CertificateEntry}. */
export const certificate: z.ZodType<CertificateEntry> = z.strictObject(
  {
    uri: uriPattern.describe('A pattern of its URI; "*" is any run without "/", "**" any run.').optional(),
    issuer: z
      .string('the issuer must be text: put it in quotes')
      .min(1, 'the issuer must not be empty: leave it out for any')
      .max(LONGEST_PATTERN, `the issuer has at most ${LONGEST_PATTERN} characters`)
      .regex(/^\P{Cc}+$/u, 'the issuer is the whole name on one line, as in "CN=Corp CA,O=Corp"')
      .describe('The whole name of its issuer on one line (RFC 4514), as it stands.')
      .optional(),
  },
  { error: shapeHelp(CERTIFICATE_HELP) },
)

/** A condition, unread. */
export const condition: z.ZodString = z
  .string('a condition must be text: put it in quotes')
  .min(1, 'a condition must not be empty: leave "when" out')
  .max(LONGEST_CONDITION, `a condition has at most ${LONGEST_CONDITION} characters`)
  .describe('A condition in CEL (Common Expression Language).')

/** What is said of a map of the wrong shape: the same sentence for a missing key and for one too many. */
export function shapeHelp(help: string): (issue: { readonly code?: string | undefined }) => string {
  return (issue) => (issue.code === 'unrecognized_keys' ? `unknown key: ${help}` : help)
}
