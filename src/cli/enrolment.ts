import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isSallyportError, SallyportError } from '../errors.ts'
import { createDirectory } from '../pki/files.ts'
import { newKeyPair, privateKeyPem } from '../pki/key.ts'
import { parseSpiffeUri } from '../pki/name.ts'
import { newRequest } from '../pki/new-request.ts'
import { pemBlocks, pemOf } from '../pki/pem.ts'
import { unwritable } from '../pki/unwritable.ts'
import { identityOf, type Identity } from './client-identity.ts'
import { isRootOf, type EnrolmentToken } from './enrolment-token.ts'
import { identityFiles, storePair } from './identity-files.ts'
import { exchange } from './https-exchange.ts'
import { askForCertificate } from './pki-client.ts'
import { assertReceived } from './received-certificate.ts'

/** Where and with what to enrol. */
export interface Enrolment {
  /** Of the people's door; only its origin counts. */
  readonly url: URL
  readonly token: EnrolmentToken
  /** Where the identity of a client of this name is kept. */
  readonly directoryOf: (name: string) => string
  /** Whether an identity that is there may be replaced. */
  readonly replace: boolean
}

/** What came of it. */
export interface Enrolled {
  readonly identity: Identity
  /** As in `spiffe://sallyport.internal/service/billing`. */
  readonly uri: string
}

/**
 * Gets a client's first certificate with a one-time token: makes sure of the server by the root that the token names,
 * makes the key here, and writes both with that root into a new folder.
 *
 * Fails closed: the token is only sent over a connection that was verified against that root and the name of the host.
 *
 * @throws SallyportError `CERTIFICATE_INVALID` (another root, an answer that does not fit), `REFUSED`, `TOO_BUSY`,
 *   `UNREACHABLE`, `FILE_EXISTS`, `STORE_UNAVAILABLE` (it could not be kept; the token stays good if that is
 *   seen beforehand, and is spent where the disk fills up meanwhile)
 */
export async function enroll(enrolment: Enrolment): Promise<Enrolled> {
  const { url, token } = enrolment
  const root = await rootOf(url, token)
  // Before a token is spent on it; whatever its name will be, the folder is beside this one.
  await assertWritable(dirname(enrolment.directoryOf('client')))
  const keys = await newKeyPair()
  const key = await privateKeyPem(keys.privateKey)
  const answer = await askForCertificate(
    new URL('/pki/enroll', url),
    { token: token.text, csr: await newRequest(keys) },
    { ca: root },
    sentence,
  )
  const uri = assertReceived(answer.certificate, { key, root })
  const pair = { certificate: answer.certificate, key, root }
  const directory = await written(pair, parseSpiffeUri(uri)?.name ?? '', enrolment)
  return { identity: identityOf(directory, pair), uri }
}

/** The root that the token names, as the server sends it: over a connection that nobody vouches for yet. */
async function rootOf(url: URL, token: EnrolmentToken): Promise<string> {
  const { status, text } = await exchange(
    new URL('/pki/root', url),
    { method: 'GET' },
    { rejectUnauthorized: false },
  )
  if (status === 200 && isRootOf(token, text)) return rewritten(text)
  if (status === 503) throw new SallyportError('TOO_BUSY', `${url.origin} cannot enrol anybody at the moment`)
  const problem =
    status === 200
      ? 'is not the one that the token was made for: its root certificate is another'
      : `does not say what its root certificate is (${status}): is it the door for people?`
  throw new SallyportError(
    'CERTIFICATE_INVALID',
    `the server at ${url.origin} ${problem}; the token was not sent`,
  )
}

/** The certificate alone, whatever text came around it. */
function rewritten(pem: string): string {
  return pemBlocks(pem)
    .map(({ label, der }) => pemOf(label, der))
    .join('')
}

async function assertWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 })
    await rmdir(await mkdtemp(join(folder, '.sallyport-')))
  } catch (cause) {
    throw unwritable(folder, cause)
  }
}

type Kept = Pick<Identity, 'certificate' | 'key' | 'root'>

/** How many names are tried beside one that is taken. */
const MOST_NAMES = 9

/** The token is spent now, so a folder that is taken is no reason to lose what it brought: another name will do. */
async function written(kept: Kept, name: string, { directoryOf, replace }: Enrolment): Promise<string> {
  const wanted = directoryOf(name)
  if (replace && existsSync(identityFiles(wanted).certificate)) {
    await storePair(identityFiles(wanted), kept)
    return wanted
  }
  for (let number = 1; number <= MOST_NAMES; number++) {
    const directory = number === 1 ? wanted : `${wanted}-${number}`
    if (await isCreated(directory, kept)) return directory
  }
  throw new SallyportError('FILE_EXISTS', `${wanted} exists already, and so do the names beside it`)
}

async function isCreated(directory: string, { certificate, key, root }: Kept): Promise<boolean> {
  const files = identityFiles(directory)
  try {
    await createDirectory(directory, {
      [basename(files.root)]: { content: root, secret: false },
      [basename(files.key)]: { content: key, secret: true },
      [basename(files.certificate)]: { content: certificate, secret: false },
    })
    return true
  } catch (error) {
    if (isSallyportError(error, 'FILE_EXISTS')) return false
    throw error
  }
}

function sentence(status: number): string {
  return status === 401
    ? 'the token was refused: it is not known, was used already, or is past its time; ask for another'
    : `the server refused to enrol (${status})`
}
