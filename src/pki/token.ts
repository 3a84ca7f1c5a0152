import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import { readCertificate } from './authority.ts'
import { authorityFiles } from './files.ts'
import { withLedger } from './ledger.ts'
import type { LedgerState, OfferedToken } from './ledger-state.ts'
import { spiffeUri } from './name.ts'
import type { ClientIdentity } from './profile.ts'

/** How long a token may wait to be used, in ms. */
export const LONGEST_OFFER: number = 7 * 24 * 3_600_000

/** What a token is made for. */
export interface Offer {
  readonly identity: ClientIdentity
  /** How long the certificate will live, in ms; checked before. */
  readonly life: number
  readonly ceiling?: readonly string[]
  /** How long the token may wait, in ms. */
  readonly ttl: number
}

/** A new token. */
export interface Offered {
  /** The secret: shown once, kept nowhere. */
  readonly token: string
  /** `sha256:` and the hex digest of its secret part, as the ledger has it. */
  readonly digest: string
  /** Ms since the epoch. */
  readonly expires: number
}

/** 256 random bits, and the SHA-256 of the root certificate, by which its holder knows the server before trusting it. */
const TOKEN = /^(spe_[A-Za-z0-9_-]{43})\.([0-9a-f]{64})$/

/**
 * Makes a one-time enrolment token. Only the digest of its secret is kept, in the ledger.
 *
 * @param now ms since the epoch
 * @throws SallyportError `CERTIFICATE_INVALID` for a time to wait that is too long, and what CA and ledger say
 */
export async function offer(
  certs: string,
  { identity, life, ceiling, ttl }: Offer,
  now: number,
): Promise<Offered> {
  if (!(ttl > 0 && ttl <= LONGEST_OFFER))
    throw new SallyportError('CERTIFICATE_INVALID', 'an enrolment token waits 7 days at most')
  const files = authorityFiles(certs)
  const secret = `spe_${randomBytes(32).toString('base64url')}`
  const root = (await rootDigest(certs)).toString('hex')
  const [digest, expires] = [digestOf(secret), now + ttl]
  await withLedger(files.ledger, async ({ append }) => {
    await append({
      v: 2,
      event: 'token',
      at: new Date(now).toISOString(),
      digest,
      uri: spiffeUri(identity.trustDomain, identity.kind, identity.name),
      life,
      ...(ceiling === undefined ? {} : { ceiling }),
      expires: new Date(expires).toISOString(),
    })
  })
  return { token: `${secret}.${root}`, digest, expires }
}

/** A token taken apart. */
export interface TokenParts {
  readonly digest: string
  /** SHA-256 of the root certificate. */
  readonly root: Buffer
}

/** Reads the text of a token; `undefined` if it is none. */
export function parseToken(text: string): TokenParts | undefined {
  const [, secret, root] = TOKEN.exec(text) ?? []
  if (secret === undefined || root === undefined) return undefined
  return { digest: digestOf(secret), root: Buffer.from(root, 'hex') }
}

/** SHA-256 of the root certificate's DER. */
export async function rootDigest(certs: string): Promise<Buffer> {
  return createHash('sha256')
    .update((await readCertificate(authorityFiles(certs).root)).raw)
    .digest()
}

/**
 * The offer that a token is good for at `now`; `undefined` if there is none, or it is used, withdrawn or past its time.
 * How long it takes says nothing about the digests that are known.
 */
export function offerFor({ tokens }: LedgerState, digest: string, now: number): OfferedToken | undefined {
  const wanted = Buffer.from(digest)
  let found: OfferedToken | undefined
  for (const token of tokens.values()) {
    const known = Buffer.from(token.digest)
    if (known.length === wanted.length && timingSafeEqual(known, wanted)) found = token
  }
  return found === undefined || found.spent || now >= found.expires ? undefined : found
}

function digestOf(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex')}`
}
