import { isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import { sameRights } from './access/same-rights.ts'
import { certificateAuthenticator } from './auth/certificate-authenticator.ts'
import type { Clock } from './auth/clock.ts'
import type { LiveRevocations } from './auth/revocation.ts'
import type { SessionKeys } from './auth/session-keys.ts'
import { sessionAuthenticator } from './auth/session.ts'
import { admission } from './http/admission.ts'
import type { EdgeOptions } from './http/edge-request.ts'
import type { AllowedNames } from './http/host.ts'
import { directIdentification } from './http/identification.ts'
import type { Metrics } from './http/metrics.ts'
import { openAnswers, type OpenAnswers } from './http/open-answers.ts'
import type { Pki } from './http/pki.ts'
import { rateLimit } from './http/rate-limit.ts'
import { readinessOf, type Readiness } from './http/readiness.ts'
import type { McpEndpoint } from './mcp/endpoint.ts'
import { exceptionLog } from './exception-log.ts'
import type { SallyportOptions } from './server-options.ts'

/** Nobody needs more, and each costs the issuer a signature and the disk a line. */
const RENEWALS = { perKey: 60, overall: 600, window: 60_000 }
/** Strangers: at this rate a token of 256 bits is not found. */
const ENROLMENTS = { perKey: 20, overall: 300, window: 60_000 }

/** What all doors have in common. */
export type SharedOptions = Omit<EdgeOptions, 'clientCertificate' | 'observer'>

/** What is made once and handed to all doors. */
export interface SharedParts {
  readonly keys: SessionKeys
  readonly endpoint: McpEndpoint
  readonly revocations: LiveRevocations
  readonly metrics: Metrics
  readonly now: Clock
  /** Told of callers whose credential was judged to be none any more. */
  readonly ended: OpenAnswers['ended']
}

const NO_KEYS = { keys: [] }

/** Makes what all doors have in common. */
export function serverEdge(options: SallyportOptions, parts: SharedParts): SharedOptions {
  const { store, audit, policy } = options
  const { keys, endpoint, revocations, metrics, now, ended } = parts
  return {
    identification: directIdentification(admission(options.trust, revocations)),
    onHeaderRemoved: (entry) => metrics.headerRemoved(entry),
    pki: pkiOf(options, revocations),
    jwks: options.identityKeys?.jwks ?? NO_KEYS,
    authenticators: [
      certificateAuthenticator,
      sessionAuthenticator({
        sessions: store.sessions,
        keys,
        revocations,
        binding: options.sessions.binding,
      }),
    ],
    rightsOf: (proofs, time) => policy().rightsOf(proofs, time),
    sameRights,
    endpoint,
    open: openAnswers(ended),
    allowed: allowedNames(options),
    audit,
    bodyLimit: options.limits.bodyBytes,
    ready: readiness(options, revocations, now),
    now,
    onException: exceptionLog(options.log, now),
  }
}

function pkiOf({ issuer, root, store }: SallyportOptions, revocations: LiveRevocations): Pki {
  return {
    issuer,
    root,
    isDisabled: async ({ kind, name }) =>
      kind === 'user' && (revocations.isDisabled(name) || (await store.users.find(name))?.disabled === true),
    renewals: rateLimit(RENEWALS),
    enrolments: rateLimit(ENROLMENTS),
  }
}

/** Ready means that a caller could be judged now: the store answers, and every CA's revocation list is fresh. */
function readiness(
  { store, trust, problems }: SallyportOptions,
  revocations: LiveRevocations,
  now: Clock,
): () => Promise<Readiness> {
  return async () => {
    const answers = await store.ping().then(
      () => true,
      () => false,
    )
    const isStale = trust().issuers.some(({ nextUpdate }) => !(now() < nextUpdate))
    const blocking = [
      ...(answers ? [] : ['store']),
      ...(revocations.isFresh() ? [] : ['revocations not read']),
      ...(isStale ? ['revocation list ended'] : []),
    ]
    return readinessOf(blocking, problems?.() ?? [])
  }
}

function allowedNames({ hosts, origins, publicUrl, listeners }: SallyportOptions): AllowedNames {
  const own = ['localhost', '127.0.0.1', '[::1]', hostname()]
  const listening = [listeners.certificates.host, listeners.people?.host ?? '', listeners.proxied?.host ?? '']
  const linked = publicUrl === undefined ? [] : [new URL(publicUrl).hostname]
  const names = [...own, ...listening.filter((host) => !WILDCARDS.has(host)), ...linked, ...hosts]
  return {
    hosts: new Set(names.map((name) => hostName(name.toLowerCase()))),
    origins: new Set(origins),
  }
}

/** Addresses that mean every interface are not names that a client may use: browsers resolve them to this machine. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', ''])

function hostName(name: string): string {
  return isIPv6(name) ? `[${name}]` : name
}
