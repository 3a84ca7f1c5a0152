import { createHash, timingSafeEqual } from 'node:crypto'
import { stdin } from 'node:process'
import { SallyportError } from '../errors.ts'
import { pemBlocks } from '../pki/pem.ts'
import { ask } from './ask.ts'

/** A one-time enrolment token as it was handed over. */
export interface EnrolmentToken {
  /** The whole of it; a secret. */
  readonly text: string
  /** SHA-256 of the root certificate (DER), lower-case hex; no secret. */
  readonly rootFingerprint: string
}

const TOKEN = /^spe_[A-Za-z0-9_-]{43}\.([0-9a-f]{64})$/

/** Nothing that is a token is longer than this, in bytes; a line break included. */
const LONGEST_INPUT = 256

/**
 * Reads a token from standard input; on a terminal it is asked for, and not shown.
 *
 * @throws SallyportError `NAME_INVALID` for what is none, which is not repeated; `REFUSED` if whoever was asked breaks off
 */
export async function readEnrolmentToken(): Promise<EnrolmentToken> {
  const text = (await ask('Enrolment token:')) ?? (await inputText())
  const token = parseEnrolmentToken(text.trim())
  if (token !== undefined) return token
  throw new SallyportError(
    'NAME_INVALID',
    'there is no enrolment token on standard input: it is one line that begins with "spe_", and ' +
      '"sallyport cert token NAME" makes one where the CA is',
  )
}

/** Reads `spe_<secret>.<fingerprint>`; `undefined` for anything else. */
export function parseEnrolmentToken(text: string): EnrolmentToken | undefined {
  const [, rootFingerprint] = TOKEN.exec(text) ?? []
  return rootFingerprint === undefined ? undefined : { text, rootFingerprint }
}

/** Whether `pem` is exactly one certificate, and the one that the token was made for. Constant time. */
export function isRootOf({ rootFingerprint }: EnrolmentToken, pem: string): boolean {
  const [root, ...more] = blocksOf(pem)
  if (root?.label !== 'CERTIFICATE' || more.length > 0) return false
  return timingSafeEqual(createHash('sha256').update(root.der).digest(), Buffer.from(rootFingerprint, 'hex'))
}

function blocksOf(pem: string): ReturnType<typeof pemBlocks> {
  try {
    return pemBlocks(pem)
  } catch {
    return []
  }
}

async function inputText(): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('standard input is read as bytes')
    size += chunk.length
    if (size > LONGEST_INPUT) return ''
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
