import { access, mkdir, readdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { addGrant } from '../access/add-grant.ts'
import { defaultAccessDocument } from '../access/default-document.ts'
import type { Config } from '../config/config.ts'
import { defaultConfig } from '../config/default-config.ts'
import { SallyportError } from '../errors.ts'
import { addUser } from '../login/add-user.ts'
import { authorityFiles, serverFiles } from '../pki/files.ts'
import { LIFETIME } from '../pki/profile.ts'
import { defaultServerNames } from '../pki/server-names.ts'
import { updateAccessFile } from './access-file.ts'
import { OPERATOR, recorded } from './change-user.ts'
import { FIRST_CLIENTS } from './first-clients.ts'
import { hashes } from './hashes.ts'
import { initCa } from './init-ca.ts'
import { issueClientCertificate } from './issue-client.ts'
import { issueServerCertificate } from './issue-server.ts'
import type { Issuing } from './issuing.ts'
import { renewDue } from './renew-due.ts'
import { newSecret } from './new-secret.ts'
import { accessTo } from './user-access.ts'
import { storeOf } from './store-of.ts'
import { publishedAt } from './with-issuing.ts'
import { writeNew } from './write-new.ts'

/** What was made or renewed, for people and for `--json`. */
export interface Made {
  /** Paths of new files. */
  readonly files: readonly string[]
  /** Names of new clients, with their role. */
  readonly clients: readonly { readonly name: string; readonly role: string }[]
  /** The first user, if there was none. */
  readonly user: { readonly name: string; readonly oneTimePassword: string } | null
  /** What was renewed or signed anew. */
  readonly renewed: readonly string[]
  /** What could not be renewed, and why. */
  readonly problems: readonly string[]
}

const FIRST_USER = 'admin'

/**
 * Makes whatever is missing for a first start and keeps what is there: configuration, policy, CA, server certificate,
 * session secret, the first clients and the first user. Renews, where the CA's key is at hand, what is due of that.
 *
 * Every step looks for itself, so that a start that was cut short goes on where it was.
 */
export async function makeMissing(config: Config, issuing: Issuing): Promise<Made> {
  const files = [
    ...(await madeFiles(config)),
    ...(await madeAuthority(config, issuing)),
    ...(await madeServer(config, issuing)),
  ]
  const problems: string[] = []
  const clients = (await orProblem(problems, async () => await madeClients(config, issuing))) ?? []
  const user = await madeUser(config, issuing.now)
  const due = await orProblem(problems, async () => await renewedFiles(config, issuing))
  return {
    files,
    clients,
    user,
    renewed: due?.renewed ?? [],
    problems: [...problems, ...(due?.problems ?? [])],
  }
}

/** What a server can do without for now (a passphrase is missing, the ledger is damaged) does not keep it from serving. */
async function orProblem<T>(problems: string[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SallyportError)) throw error
    problems.push(error.message)
    return undefined
  }
}

async function madeFiles(config: Config): Promise<string[]> {
  const { secretFile, factorKeyFile } = config.sessions
  const { auditTrail, identity } = config
  const wanted = [
    { path: config.file ?? join(config.directory, 'sallyport.yaml'), text: defaultConfig, mode: 0o644 },
    { path: config.access, text: defaultAccessDocument, mode: 0o644 },
    ...[secretFile, factorKeyFile, auditTrail.keyFile, identity.keyFile].flatMap((path) =>
      path === null ? [] : [{ path, text: newSecret, mode: 0o600 }],
    ),
  ]
  const made: string[] = []
  for (const { path, text, mode } of wanted) {
    if (await exists(path)) continue
    await mkdir(dirname(path), { recursive: true, mode: mode === 0o600 ? 0o700 : 0o755 })
    await writeNew(path, text(), mode)
    made.push(path)
  }
  return made
}

/** Only where the configuration trusts our own CA: one that trusts others has no use for it. */
async function madeAuthority(config: Config, { certs, now }: Issuing): Promise<string[]> {
  const files = authorityFiles(certs)
  if (!isOurs(config) || (await exists(files.root)) || (await exists(files.issuing))) return []
  await initCa(certs, config.trustDomain, now, publishedAt(config.authority))
  return [files.root, files.rootKey, files.issuing, files.issuingKey, files.revocationLists]
}

async function madeServer(config: Config, issuing: Issuing): Promise<string[]> {
  const files = serverFiles(issuing.certs)
  const wanted = config.tls.certificate === files.certificate && !(await exists(files.certificate))
  if (!wanted || !(await canIssue(issuing))) return []
  const defaults = [...defaultServerNames(hostname()), ...config.hosts]
  await issueServerCertificate({ names: [], defaults, replace: false }, issuing)
  return [files.certificate, files.key]
}

/** The first clients are made once: whoever takes one of them away does not find it back. */
async function madeClients(config: Config, issuing: Issuing): Promise<Made['clients']> {
  const { access: policy, trustDomain } = config
  const found = await readdir(join(issuing.certs, 'clients')).catch(() => [])
  // What begins with a dot was left behind half made.
  const some = found.filter((name) => !name.startsWith('.'))
  if (some.length > 0 || !(await canIssue(issuing))) return []
  for (const { name, role } of FIRST_CLIENTS) {
    const request = { name, kind: 'service' as const, roles: [role], life: LIFETIME.client, existing: true }
    await issueClientCertificate(request, { ...issuing, access: policy, trustDomain })
  }
  return FIRST_CLIENTS
}

async function madeUser(config: Config, now: number): Promise<Made['user']> {
  const store = await storeOf(config)
  try {
    if ((await store.users.list()).length > 0) return null
    await updateAccessFile(config.access, (text) => addGrant(text, `user:${FIRST_USER}`, ['admin']))
    await recorded({ event: 'user.added', principal: `user:${FIRST_USER}`, by: OPERATOR }, config)
    const { oneTimePassword = '' } = await addUser(
      accessTo(store, config),
      hashes(config),
      { name: FIRST_USER },
      now,
    )
    return { name: FIRST_USER, oneTimePassword }
  } finally {
    await store.close()
  }
}

async function renewedFiles(config: Config, issuing: Issuing): Promise<Pick<Made, 'renewed' | 'problems'>> {
  if (!isOurs(config) || !(await canIssue(issuing))) return { renewed: [], problems: [] }
  const due = await renewDue(
    FIRST_CLIENTS.map(({ name }) => name),
    issuing,
  )
  const lists = Object.values(due.revocationLists).includes('signed')
  const renewed = [
    ...(due.server ? ['the server certificate'] : []),
    ...due.clients.map((name) => `the certificate of ${name}`),
    ...(lists ? ['the revocation lists'] : []),
  ]
  return { renewed, problems: due.problems }
}

function isOurs(config: Config): boolean {
  const files = authorityFiles(config.certificates)
  const { own, roots, issuers } = config.trust
  return own && roots === files.root && issuers === files.issuing
}

async function canIssue({ certs }: Issuing): Promise<boolean> {
  return exists(authorityFiles(certs).issuingKey)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
