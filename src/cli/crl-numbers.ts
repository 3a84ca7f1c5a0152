import type { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { keyDigestOf } from '../auth/revocation.ts'
import { nameOf } from '../config/certificate-file.ts'
import { errnoOf, SallyportError } from '../errors.ts'
import { withFileLock } from '../pki/file-lock.ts'
import { replaceFile } from '../pki/files.ts'
import type { RevocationList } from '../pki/read-crl.ts'

/** The newest revocation list of each CA that was ever in force here: no older one comes after it. */
export interface CrlNumbers {
  /**
   * Why lists may not be in force now: one sentence each. No list is older than any.
   *
   * @param unlisted CAs about which none of them need speak
   */
  faultsOf(lists: readonly RevocationList[], unlisted?: readonly X509Certificate[]): readonly string[]
  /** Remembers that they are in force. Rejects if that cannot be written; until the next start it is remembered all the same. */
  raise(lists: readonly RevocationList[]): Promise<void>
}

/** By the digest of the CA's key. Numbers in decimal: they may have 20 octets (RFC 5280, 5.2.3). */
const schema = z.record(
  z.string().regex(/^[0-9a-f]{64}$/),
  z.strictObject({
    number: z.string().regex(/^[0-9]{1,49}$/),
    digest: z.string().regex(/^[0-9a-f]{64}$/),
  }),
)
type Known = Readonly<z.infer<typeof schema>>

/**
 * The numbers that a file remembers. Where there is none, this is the first start.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` if there is one and it cannot be understood
 */
export async function crlNumbers(path: string): Promise<CrlNumbers> {
  let known = await read(path)
  return {
    faultsOf: (lists, unlisted = []) => [
      ...lists.flatMap((list) => faultOf(list, known) ?? []),
      ...goneFaults(lists, unlisted, known),
    ],
    async raise(lists) {
      const before = known
      known = raised(known, lists)
      if (known === before) return
      await withFileLock(path, async () => {
        // Another server of this folder may have seen more.
        const content = JSON.stringify(raised(await read(path), lists), undefined, 2)
        await replaceFile(path, { content: `${content}\n`, secret: false })
      })
    },
  }
}

/** RFC 5280, 5.2.3: of two lists the one with the higher number is the newer; two of one number say the same. */
function faultOf({ issuer, number, digest }: RevocationList, known: Known): string | undefined {
  const last = known[keyDigestOf(issuer)]
  if (last === undefined || number > BigInt(last.number)) return undefined
  const name = nameOf(issuer)
  if (number < BigInt(last.number))
    return `the revocation list of "${name}" is older (number ${number}) than the last one that was in force (${last.number}): put the newest one there, or sign one with a higher number`
  if (digest === last.digest) return undefined
  return `the revocation list of "${name}" has the number of the last one that was in force (${number}) and another content: sign one with a higher number`
}

/** Of the CAs that had a list and have none now: a file that was cut between two of them would take back what one said. */
function goneFaults(
  lists: readonly RevocationList[],
  unlisted: readonly X509Certificate[],
  known: Known,
): readonly string[] {
  const listed = new Set(lists.map(({ issuer }) => keyDigestOf(issuer)))
  const gone = unlisted.filter((authority) => {
    const key = keyDigestOf(authority)
    return known[key] !== undefined && !listed.has(key)
  })
  return gone.map(
    (authority) =>
      `there is no revocation list of "${nameOf(authority)}" any more, and one was in force: put it back`,
  )
}

/** The same object if nothing was raised. */
function raised(known: Known, lists: readonly RevocationList[]): Known {
  const higher = lists.flatMap(({ issuer, number, digest }) => {
    const key = keyDigestOf(issuer)
    const last = known[key]
    return last === undefined || number > BigInt(last.number)
      ? [[key, { number: String(number), digest }] as const]
      : []
  })
  return higher.length === 0 ? known : { ...known, ...Object.fromEntries(higher) }
}

async function read(path: string): Promise<Known> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    const code = errnoOf(cause)
    if (code === 'ENOENT') return {}
    throw new SallyportError(
      'CONFIGURATION_INVALID',
      `${path} cannot be read, so that an old revocation list could not be told from a new one: ` +
        'put it back, or take it away if the lists are surely the newest',
      { cause },
    )
  }
}
