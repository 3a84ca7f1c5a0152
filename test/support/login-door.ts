import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allows, compilePermissions } from '../../src/access/permission.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import type { Ended } from '../../src/auth/ended.ts'
import { NO_LIVE_LIST } from '../../src/auth/revocation.ts'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { passwordOnly, type Credentials } from '../../src/login/credentials.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import { knownUser } from '../../src/login/known-user.ts'
import { workQueue } from '../../src/login/work-queue.ts'
import type { LoginOptions } from '../../src/login/options.ts'
import { passwords } from '../../src/login/password.ts'
import type { HashCost } from '../../src/login/phc.ts'
import { loginApp } from '../../src/login/routes.ts'
import type { User } from '../../src/login/user.ts'
import { openStore } from '../../src/store/open.ts'
import { vaultSecrets } from '../../src/vault-secrets.ts'
import type { Store } from '../../src/store/store.ts'
import { testAuthority } from './certificates.ts'
import { unsafeNoThrottle } from './no-throttle.ts'
import { ask, type Answer, type Ask } from './clients.ts'
import { startRedis, type RedisServer } from './redis.ts'

/** The password of every user that a test makes. */
export const PASSWORD = 'correct horse battery'
export const IDLE: number = 30 * 60_000
export const ABSOLUTE: number = 12 * 3_600_000

/** Hashes that cost next to nothing. */
export const CHEAP_COST: HashCost = { memory: 64, passes: 1, parallelism: 1 }
export const CHEAP: LoginOptions['passwords'] = passwords(workQueue(2, 100), CHEAP_COST)

export type Engine = 'sqlite' | 'redis'
export const ENGINES: readonly Engine[] = ['sqlite', 'redis']

/** The door for people alone: a real HTTPS server with the login app, on a store of its own. */
export interface LoginDoor {
  readonly port: number
  readonly ca: string
  readonly store: Store
  /** As `openStore` takes it. */
  readonly location: string
  /** There on Redis. */
  readonly redis: RedisServer | undefined
  readonly options: LoginOptions
  readonly events: readonly AuditEvent[]
  readonly faults: readonly unknown[]
  /** Moves the clock. */
  advance(ms: number): void
  failAudit(fails: boolean): void
  /** Every end that was told to other nodes. */
  readonly announced: readonly Ended[]
  /** With {@link PASSWORD}, unless other credentials are given. */
  addUser(fields?: Partial<Omit<User, 'credentials'>>, credentials?: Partial<Credentials>): Promise<User>
  /** What a user logs in by now. */
  credentialsOf(user: string): Promise<Credentials>
  ask(path: string, options?: Partial<Ask>): Promise<Answer>
  /** Posts JSON, as a program does. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  close(): Promise<void>
}

/** @param changes to the options, made of the store that the door is on */
export async function startDoor(
  engine: Engine,
  changes: (store: Store) => Partial<LoginOptions> = () => ({}),
): Promise<LoginDoor> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-login-'))
  const authority = await testAuthority(directory)
  const redis = engine === 'redis' ? await startRedis() : undefined
  let offset = 0
  const now = (): number => Date.now() + offset
  const location = redis?.url ?? `sqlite:${join(directory, 'store.db')}`
  const store = await openStore(location, { now, slotOf })
  const factorKey = randomBytes(48).toString('base64')
  const vault = credentialVault(factorKeys([factorKey]))
  const announced: Ended[] = []
  const events: AuditEvent[] = []
  const faults: unknown[] = []
  let auditFails = false
  const options: LoginOptions = {
    ...store,
    keys: sessionKeys([randomBytes(48).toString('base64')]),
    passwords: CHEAP,
    rightsOf: ({ name }) => ({
      roles: name.startsWith('u-') ? ['reader'] : [],
      permissions: compilePermissions(name.startsWith('u-admin-') ? ['*'] : []),
      secondFactorRequired: name.startsWith('u-mfa-'),
    }),
    mayApprove: ({ name }, _proved, role) => name.startsWith(`u-${role}-`),
    allows,
    audit: {
      async record(event) {
        if (auditFails) throw new Error('the disk of the audit trail is full')
        events.push(event)
      },
    },
    now,
    revocations: NO_LIVE_LIST,
    announce: async (ended) => void announced.push(...ended),
    vault,
    upstreamSecrets: vaultSecrets({
      store,
      factorKeys: [factorKey],
      now,
      tell: (sentence) => faults.push(sentence),
    }),
    wantedSecrets: () => [],
    throttle: unsafeNoThrottle,
    idleTimeout: IDLE,
    absoluteTimeout: ABSOLUTE,
    most: 20,
    binding: 'none',
    deviceLogin: true,
    isAllowedOrigin: (origin, host) => origin === `https://${host}`,
    onException: (_requestId, error) => faults.push(error),
    ...changes(store),
  }
  const app = loginApp(options)
  const { cert, key } = authority.server
  const server = createServer({ cert, key }, (request, response) => app(request, response, randomUUID()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const ca = authority.rootPem
  return {
    port,
    ca,
    store,
    location,
    redis,
    options,
    events,
    faults,
    advance(ms) {
      offset += ms
    },
    failAudit(fails) {
      auditFails = fails
    },
    announced,
    async credentialsOf(user) {
      const known = await knownUser(user, options)
      if (known === undefined) throw new Error(`nobody is called ${user}`)
      return known.credentials
    },
    async addUser(fields = {}, credentials = {}) {
      const name = fields.name ?? `u-${randomBytes(6).toString('hex')}`
      const own = { ...passwordOnly(await CHEAP.hash(PASSWORD), null), ...credentials }
      const user = {
        name,
        credentials: vault.seal(name, own),
        revision: 0,
        disabled: false,
        epoch: 0,
        createdAt: now(),
        ...fields,
      }
      if (!(await store.users.create(user))) throw new Error('the name is taken')
      return user
    },
    ask: (path, more = {}) => ask({ port, ca, path, method: 'GET', ...more }),
    post: (path, body, headers = {}) =>
      ask({
        port,
        ca,
        path,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      }),
    async close() {
      server.close()
      server.closeAllConnections()
      await store.close()
      await redis?.stop()
      await rm(directory, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

/** A browser, as far as cookies, forms and redirects go. It does not follow redirects by itself. */
export interface TestBrowser {
  readonly cookies: ReadonlyMap<string, string>
  cookieHeader(): string
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  /** Posts the fields that are given, with the hidden ones of the first form for this path on the page that was read last. */
  submit(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Answer>
  /** Posts JSON, as a script of our own pages would. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

/** @param held cookies to begin with */
export function testBrowser(
  door: Pick<LoginDoor, 'ask'>,
  held: readonly (readonly [string, string])[] = [],
): TestBrowser {
  const cookies = new Map(held)
  let latest = ''
  const cookieHeader = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const send = async (path: string, options: Partial<Ask>): Promise<Answer> => {
    const headers = { ...(cookies.size > 0 ? { cookie: cookieHeader() } : {}), ...SITE, ...options.headers }
    const answer = await door.ask(path, { ...options, headers })
    for (const line of answer.headers['set-cookie'] ?? []) take(line, cookies)
    if (answer.headers['content-type']?.startsWith('text/html') === true) latest = answer.body
    return answer
  }
  return {
    cookies,
    cookieHeader,
    get: (path, headers = {}) => send(path, { headers: { accept: 'text/html', ...headers } }),
    submit: (path, fields, headers = {}) =>
      send(path, {
        method: 'POST',
        body: new URLSearchParams({ ...hiddenFields(formIn(latest, path)), ...fields }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html', ...headers },
      }),
    post: (path, body, headers = {}) =>
      send(path, {
        method: 'POST',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      }),
  }
}

const SITE = { 'sec-fetch-site': 'same-origin' }

function take(line: string, cookies: Map<string, string>): void {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const name = pair.slice(0, pair.indexOf('='))
  const isGone = attributes.some((attribute) => attribute.startsWith('Expires=Thu, 01 Jan 1970'))
  if (isGone) cookies.delete(name)
  else cookies.set(name, pair.slice(pair.indexOf('=') + 1))
}

/** The form that posts to `path`; the whole page, if it has none. */
function formIn(page: string, path: string): string {
  const forms = page.split('<form ').slice(1)
  return forms.find((form) => form.includes(`action="${path}"`))?.split('</form>')[0] ?? page
}

function hiddenFields(page: string): Record<string, string> {
  const inputs = page.match(/<input type="hidden"[^>]*>/g) ?? []
  return Object.fromEntries(
    inputs.map((input) => [
      /name="([^"]*)"/.exec(input)?.[1] ?? '',
      /value="([^"]*)"/.exec(input)?.[1] ?? '',
    ]),
  )
}
