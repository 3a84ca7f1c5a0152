import { randomUUID } from 'node:crypto'
import { allows } from './access/permission.ts'
import type { AuditSink } from './audit/event.ts'
import type { Rights } from './auth/context.ts'
import type { Principal } from './auth/principal.ts'
import type { LiveRevocations } from './auth/revocation.ts'
import type { SessionKeys } from './auth/session-keys.ts'
import type { Admit } from './http/admission.ts'
import { createDoor, type Door } from './http/door.ts'
import { createEdge } from './http/edge.ts'
import { originIsAllowed } from './http/host.ts'
import type { DoorName } from './http/door-metrics.ts'
import type { ListenerAddress } from './http/listen.ts'
import type { Metrics } from './http/metrics.ts'
import { proxiedIdentification } from './http/proxied-identification.ts'
import { requestObserver } from './http/request-observer.ts'
import type { TlsSettings } from './http/tls.ts'
import { credentialVault } from './login/credential-vault.ts'
import { factorKeys } from './login/factor-keys.ts'
import { deviceOf } from './login/known-device.ts'
import type { LoginOptions, Proved } from './login/options.ts'
import { passwords } from './login/password.ts'
import { loginApp } from './login/routes.ts'
import { storeThrottle } from './login/store-throttle.ts'
import { THROTTLE_SETTINGS, throttleLimits } from './login/throttle-limits.ts'
import { tellingVault } from './login/telling-vault.ts'
import { workQueue } from './login/work-queue.ts'
import { countedRefusals } from './observed-audit.ts'
import { mayApproveBy, proofsOfPerson } from './proofs-of-person.ts'
import type { SharedOptions } from './server-edge.ts'
import type { SallyportOptions } from './server-options.ts'
import { vaultSecrets } from './vault-secrets.ts'
import { wantedOfPerson } from './wanted-of-person.ts'

/** Password hashes take a core each for some 25 ms; MCP calls need one, too. */
const HASHES_AT_ONCE = 2
const MOST_HASHES_WAITING = 64

/** A door, and how it judges a connection. */
export interface AdmittingDoor extends Door {
  readonly admit: Admit
}

/** The doors of a server. */
export interface Doors {
  readonly certificates: AdmittingDoor
  readonly people: AdmittingDoor | undefined
  readonly proxied: AdmittingDoor | undefined
}

/** Makes the doors that are wanted, each with its way to know callers. */
export function serverDoors(
  options: SallyportOptions,
  shared: SharedOptions,
  keys: SessionKeys,
  revocations: LiveRevocations,
  metrics: Metrics,
): Doors {
  const { certificates, people, proxied } = options.listeners
  const counted = (name: DoorName): AuditSink => countedRefusals(options.audit, metrics.door(name).refused)
  const withPages = people === undefined ? 'certificates' : 'people'
  const pages = loginApp(loginOptions({ ...options, audit: counted(withPages) }, shared, keys, revocations))
  const door = (
    name: DoorName,
    address: ListenerAddress,
    clientCertificate: TlsSettings['clientCertificate'],
    edge: SharedOptions,
  ): AdmittingDoor => {
    const seen = metrics.door(name)
    const audit = counted(name)
    const observer = requestObserver({
      door: name,
      metrics: { ...seen, ...metrics.requests(name) },
      tracing: options.tracing,
    })
    return {
      ...createDoor({
        ...address,
        tls: { ...options.tls, material: options.tls, clientCertificate },
        handler: createEdge({ ...edge, audit, observer, clientCertificate }),
        audit,
        onConnected: seen.connected,
        newRequestId: randomUUID,
        onException: shared.onException,
      }),
      admit: edge.identification.admit,
    }
  }
  const { admit } = shared.identification
  const identification =
    proxied && proxiedIdentification({ ...proxied, admit, trust: options.trust, revocations })
  const one = certificates.clientCertificate === 'optional' ? { ...shared, pages } : shared
  return {
    certificates: door('certificates', certificates, certificates.clientCertificate, one),
    people: people && door('people', people, 'none', { ...shared, pages }),
    proxied: proxied && identification && door('proxied', proxied, 'required', { ...shared, identification }),
  }
}

/** As on any door, by a session that proved this much. */
function rightsOfPerson(
  principal: Principal,
  proved: Proved | undefined,
  { rightsOf, now }: SharedOptions,
): Rights {
  const time = now()
  return rightsOf(proofsOfPerson(principal, proved, time), time)
}

function loginOptions(
  options: SallyportOptions,
  shared: SharedOptions,
  keys: SessionKeys,
  revocations: LiveRevocations,
): LoginOptions {
  const { store, audit, sessions, factorKeys: sealing, secrets } = options
  const tell = (sentence: string): void => options.log.error({}, sentence)
  const rightsOf: LoginOptions['rightsOf'] = (principal, proved) => rightsOfPerson(principal, proved, shared)
  return {
    users: store.users,
    sessions: store.sessions,
    handles: store.handles,
    devices: store.devices,
    confirmations: store.confirmations,
    histories: store.histories,
    revocations,
    announce: (ended) => store.revocations.revoke(ended),
    vault: tellingVault(credentialVault(factorKeys(sealing)), tell),
    upstreamSecrets: secrets?.vault ?? vaultSecrets({ store, factorKeys: sealing, now: shared.now, tell }),
    wantedSecrets: wantedOfPerson(secrets?.wanted ?? (() => []), rightsOf),
    throttle: storeThrottle({
      limits: throttleLimits({ ...THROTTLE_SETTINGS, ...options.throttle }),
      rateLimits: store.rateLimits,
      keys: keys.throttle,
      deviceOf: (caller, user) => deviceOf(caller, user, { keys, now: shared.now, users: store.users }),
    }),
    browserSessions: store.browserSessions,
    keys,
    passwords: passwords(workQueue(HASHES_AT_ONCE, MOST_HASHES_WAITING), options.passwordCost, [
      ...shared.allowed.hosts,
    ]),
    rightsOf,
    mayApprove: mayApproveBy(options.policy, shared.now),
    allows,
    audit,
    now: shared.now,
    ...sessions,
    isAllowedOrigin: (origin, host) => originIsAllowed(origin, host, shared.allowed),
    onException: shared.onException,
  }
}
