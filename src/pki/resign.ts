import type { X509Certificate } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { SallyportError } from '../errors.ts'
import { openSigner, readCertificate } from './authority.ts'
import {
  parseRevocationLists,
  revocationListTemplate,
  signRevocationList,
  type RevocationList,
} from './crl.ts'
import { authorityFiles, replaceFile } from './files.ts'
import { LIFETIME } from './profile.ts'
import { pemBlocks, pemOf } from './pem.ts'

/** What became of a CA's revocation list: still good, signed anew, or due while the CA's key is not here. */
export type ListState = 'fresh' | 'signed' | 'no-key'

interface ListFiles {
  readonly certificate: string
  readonly key: string
  readonly life: number
}

/**
 * Whether a third of a revocation list's life is over, or all of it.
 *
 * @param now ms since the epoch
 */
export function isDueForSigning(list: RevocationList, now: number): boolean {
  return now >= list.thisUpdate + (list.nextUpdate - list.thisUpdate) / 3
}

/**
 * Signs the revocation lists of a certs directory anew where a third of their life is over: the same entries, the
 * next number. What is not due, or has no key here, stays as it is.
 *
 * @throws SallyportError `CERTIFICATE_INVALID` if `crl.pem` is not the lists of both CAs, `NOT_FOUND` without one
 */
export async function resignRevocationLists(
  certs: string,
  now: number,
): Promise<{ readonly issuing: ListState; readonly root: ListState }> {
  const files = authorityFiles(certs)
  const pem = await readFile(files.revocationLists, 'utf8')
  const authorities = [await readCertificate(files.issuing), await readCertificate(files.root)] as const
  const lists = await parseRevocationLists(pem, authorities)
  const blocks = pemBlocks(pem)
  const anew = async (
    authority: X509Certificate,
    ca: ListFiles,
  ): Promise<{ state: ListState; pem: string }> => {
    const index = lists.findIndex(({ issuer }) => issuer === authority)
    const [list, block] = [lists[index], blocks[index]]
    if (list === undefined || block === undefined)
      throw new SallyportError(
        'CERTIFICATE_INVALID',
        `${files.revocationLists} has no list of ${ca.certificate}`,
      )
    return await signedIfDue(list, pemOf(block.label, block.der), ca, now)
  }
  const issuing = await anew(authorities[0], {
    certificate: files.issuing,
    key: files.issuingKey,
    life: LIFETIME.issuingRevocationList,
  })
  const root = await anew(authorities[1], {
    certificate: files.root,
    key: files.rootKey,
    life: LIFETIME.rootRevocationList,
  })
  if (issuing.state === 'signed' || root.state === 'signed')
    await replaceFile(files.revocationLists, { content: issuing.pem + root.pem, secret: false })
  return { issuing: issuing.state, root: root.state }
}

async function signedIfDue(
  list: RevocationList,
  old: string,
  ca: ListFiles,
  now: number,
): Promise<{ state: ListState; pem: string }> {
  if (!isDueForSigning(list, now)) return { state: 'fresh', pem: old }
  if (!(await exists(ca.key))) return { state: 'no-key', pem: old }
  const template = revocationListTemplate(list.number + 1n, list.entries, ca.life, now)
  return {
    state: 'signed',
    pem: await signRevocationList(template, await openSigner(ca.certificate, ca.key)),
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
