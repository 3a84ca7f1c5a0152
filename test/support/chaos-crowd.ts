import { X509Certificate } from 'node:crypto'
import { Agent } from 'node:https'
import { Secret, TOTP } from 'otpauth'
import { keyDigestOf, type Revoked } from '../../src/auth/revocation.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { passwordOnly } from '../../src/login/credentials.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import type { Store } from '../../src/store/store.ts'
import type { TestAuthority } from './certificates.ts'
import { ask, modern, type Ask } from './clients.ts'
import { CHEAP, PASSWORD } from './login-door.ts'
import { openSession } from './session.ts'

/** Users with sessions that live, users whose sessions end, and users who log in by codes. */
const [LIVING, DYING, CODES] = [10, 60, 6]
const HOUR = 3_600_000
/** A revoked certificate is refused after so long at most, by a server that reaches Redis again within 2 s. In ms. */
const HEARD_WITHIN = 2_500

/** Somebody who asks, and may be dead. */
export interface Caller {
  readonly kind: string
  /** Asks for something; resolves with the status. */
  readonly send: () => Promise<number>
  /** Ends what he asks with; true once that is confirmed. */
  readonly end?: () => Promise<boolean>
  /** How long after that it may still be believed, in ms. */
  readonly heardWithin: number
}

/** Callers of every kind. */
export interface Crowd {
  /** Nobody ends them. */
  readonly living: readonly Caller[]
  readonly service: Caller
  /** Alive, and to be ended. */
  readonly dying: readonly Caller[]
  readonly revocable: readonly Caller[]
  /** What they ask with was never good. */
  readonly never: readonly Caller[]
  /** A login with a code: its end is to use it. */
  readonly codes: readonly Caller[]
  /** A session that is opened for it. */
  readonly newcomer: Caller
  close(): void
}

/** Where they ask, and what they are made of. */
export interface Place {
  readonly authority: TestAuthority
  /** The test's own connection to Redis. */
  readonly store: Store
  readonly ports: { readonly people: number; readonly certificates: number }
  readonly secret: string
  readonly factorKey: string
}

/** The grants of all of them, for `access.yaml`. */
export function grantsOfCrowd(): string {
  const names = [numbered('living', LIVING), numbered('dying', DYING), numbered('codes', CODES)].flat()
  return names.map((name) => `  - { user: ${name}, roles: [ reader ] }\n`).join('')
}

export async function makeCrowd(place: Place): Promise<Crowd> {
  const agents = [new Agent({ keepAlive: true, maxSockets: 64 })]
  const { ports, authority, secret } = place
  const people = asking({ port: ports.people, ca: authority.rootPem, agent: agents[0] })
  const certificate = async (): Promise<Caller> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 })
    agents.push(agent)
    return await certificateCaller(place, agent)
  }
  const session = async (kind: string, user: string, more = {}, sealedUnder = secret): Promise<Caller> =>
    await sessionCaller(kind, user, { ...place, secret: sealedUnder }, people, more)
  return {
    living: await all(numbered('living', LIVING), async (name) => await session('session', name)),
    service: await certificate(),
    dying: await all(numbered('dying', DYING), async (name) => await session('session', name)),
    revocable: await all(numbered('', 4), certificate),
    never: [
      await session('pending', 'living-0', { pending: 'second_factor' }),
      await session('forged', 'living-1', {}, `${secret}-of-somebody-else`),
      { kind: 'unknown', heardWithin: 0, send: people(`sps_${slotOf('living-2')}_${'A'.repeat(43)}`) },
    ],
    codes: await all(numbered('codes', CODES), async (name, at) => await codeCaller(name, at, place)),
    newcomer: {
      kind: 'new',
      heardWithin: 0,
      send: async () => await (await session('new', 'living-0')).send(),
    },
    close() {
      for (const agent of agents) agent.destroy()
    },
  }
}

/** Asks for the list of tools with a token. */
type Asking = (token: string) => () => Promise<number>

function asking(to: Pick<Ask, 'port' | 'ca'> & { readonly agent: Agent | undefined }): Asking {
  const { headers, body } = modern('tools/list')
  const { agent, ...rest } = to
  const common = { ...rest, ...(agent === undefined ? {} : { agent }), body }
  return (token) => async () =>
    (await ask({ ...common, headers: { ...headers, authorization: `Bearer ${token}` } })).status
}

async function sessionCaller(
  kind: string,
  user: string,
  place: Place,
  people: Asking,
  more: object,
): Promise<Caller> {
  const { store, ports, authority, secret } = place
  const { token, digest } = await openSession({ store }, user, more, secret)
  const until = Date.now() + HOUR
  const tell = async (ended: Revoked): Promise<boolean> => {
    await store.revocations.revoke([ended])
    return true
  }
  const tellEpoch = async (epoch: number | undefined): Promise<boolean> =>
    epoch !== undefined && (await tell({ kind: 'user', user, epoch, until }))
  const logOut = async (): Promise<boolean> => {
    const headers = { authorization: `Bearer ${token}` }
    const to = { port: ports.people, ca: authority.rootPem, path: '/auth/logout' }
    return (await ask({ ...to, headers })).status === 204
  }
  const ways = [
    logOut,
    logOut,
    async () =>
      (await tell({ kind: 'session', digest, until })) && (await store.sessions.end(digest, slotOf(user))),
    async () => await tellEpoch(await store.users.setDisabled(user, true)),
    async () => await tellEpoch(await store.sessions.endAll(user)),
  ]
  // As good as random, and the same for every seed.
  const end = ways[Number(`0x${slotOf(user)}`) % ways.length] ?? logOut
  return { kind, heardWithin: 0, send: people(token), end }
}

async function certificateCaller({ authority, store, ports }: Place, agent: Agent): Promise<Caller> {
  const { cert, key } = await authority.client('demo')
  const { serialNumber: serial } = new X509Certificate(cert)
  const issuer = keyDigestOf(new X509Certificate(authority.issuingPem))
  const to = { port: ports.certificates, ca: authority.rootPem, cert, key, agent }
  return {
    kind: 'certificate',
    heardWithin: HEARD_WITHIN,
    send: async () => (await ask({ ...to, ...modern('tools/list') })).status,
    async end() {
      await store.revocations.revoke([{ kind: 'certificate', issuer, serial, until: Date.now() + HOUR }])
      return true
    },
  }
}

/** Who logs in by password and code, from an address of his own. */
async function codeCaller(username: string, at: number, place: Place): Promise<Caller> {
  const totp = new TOTP({ secret: new Secret({ size: 20 }) })
  const credentials = credentialVault(factorKeys([place.factorKey])).seal(username, {
    ...passwordOnly(await CHEAP.hash(PASSWORD), null),
    totp: { secret: totp.secret.base32, lastStep: 0, addedAt: 0 },
  })
  const fields = { credentials, disabled: false, epoch: 0, revision: 0, createdAt: 0 }
  await place.store.users.create({ name: username, ...fields })
  let code = ''
  const send = async (): Promise<number> => {
    const answer = await ask({
      port: place.ports.people,
      ca: place.authority.rootPem,
      path: '/auth/login',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password: PASSWORD, code, token: true }),
      localAddress: `127.0.1.${at + 1}`,
    })
    // Whoever still has to prove something is not in.
    return answer.status === 200 && !answer.body.includes('"next":null') ? 401 : answer.status
  }
  return {
    kind: 'used code',
    heardWithin: 0,
    send,
    async end() {
      code = totp.generate()
      return (await send()) === 200
    },
  }
}

function numbered(name: string, many: number): readonly string[] {
  return Array.from({ length: many }, (_, at) => `${name}-${at}`)
}

async function all<T>(
  names: readonly string[],
  make: (name: string, at: number) => Promise<T>,
): Promise<T[]> {
  return await Promise.all(names.map(async (name, at) => await make(name, at)))
}
