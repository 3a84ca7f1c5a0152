import type { AuditEvent, AuditSink } from '../audit/event.ts'
import type { Upstreams } from '../mcp/upstreams/upstreams.ts'
import type { Sallyport } from '../server.ts'
import type { CrlNumbers } from './crl-numbers.ts'
import { endingSoon, type Ending } from './ending-soon.ts'
import type { FollowedFiles } from './followed-files.ts'
import type { FollowedTrust } from './followed-authority.ts'
import type { FollowedPolicy } from './policy-file.ts'
import type { FollowedUpstreams } from './upstream-files.ts'
import type { ServerCertificate } from './server-certificate.ts'

/** Everything that is followed while the server runs. */
export interface Followed {
  readonly policy: FollowedPolicy
  readonly certificate: FollowedFiles<ServerCertificate>
  readonly trust: FollowedFiles<FollowedTrust>
  readonly upstreams: FollowedFiles<FollowedUpstreams>
  readonly numbers: CrlNumbers
}

/** Where operators read what was taken and what was refused. Any pino logger is one. */
export interface ReloadLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** What {@link hotReload} takes. */
export interface ReloadOptions {
  readonly server: Pick<Sallyport, 'reload' | 'readmit' | 'judgeRights' | 'metrics'>
  readonly upstreams: Pick<Upstreams, 'configure'>
  readonly audit: AuditSink
  readonly log: ReloadLog
}

/** The kinds of files, as readiness, metrics and the audit trail say them. */
type Kind = 'access policy' | 'server certificate' | 'trust' | 'upstreams'

/**
 * Lets a server have what its files say, while it runs. What is refused is said once in the log, in the metrics and on
 * the audit trail, and what was in force stays.
 */
export function hotReload(
  { policy, certificate, trust, upstreams, numbers }: Followed,
  options: ReloadOptions,
): void {
  const { server, log } = options
  const take = (): void => {
    server.reload({ ...certificate.current(), authorities: trust.current().authorities })
  }
  const remember = (): void => {
    numbers
      .raise(trust.current().lists)
      // A revocation counts, also where the disk is full.
      .catch((err: unknown) =>
        log.error({ err }, 'numbers of revocation lists are not remembered beyond this run'),
      )
  }
  /** What the policy in force cannot judge of upstreams is served to nobody, from the same moment on. */
  const configure = (): void => {
    options.upstreams.configure({ ...upstreams.current().wanted(), misfits: policy.misfits() })
  }
  const warn = warnOnce(log)
  remember()
  follow(
    {
      kind: 'access policy',
      files: policy,
      take() {
        configure()
        server.judgeRights()
      },
      event: policyEvent(policy),
    },
    options,
  )
  follow(
    { kind: 'server certificate', files: certificate, take, event: filesEvent('server certificate') },
    options,
  )
  follow(
    {
      kind: 'trust',
      files: trust,
      take() {
        take()
        server.readmit()
        remember()
      },
      event: filesEvent('trust'),
    },
    options,
  )
  follow(
    {
      kind: 'upstreams',
      files: upstreams,
      take() {
        const { surface, needsRestart } = upstreams.current()
        warn(needsRestart)
        policy.fit(surface())
        configure()
        server.judgeRights()
      },
      event: filesEvent('upstreams'),
    },
    options,
  )
}

/** Says once for every time that it becomes so. */
function warnOnce(log: ReloadLog): (needsRestart: boolean) => void {
  let was = false
  return (is) => {
    if (is && !was)
      log.warn({}, 'the configuration has changed beyond "upstreams" and "pins": restart to have that taken')
    was = is
  }
}

/** Kinds of problems: files that were refused, and what ends soon. */
export function reloadProblems(followed: Followed, now: number): readonly string[] {
  const { policy, certificate, trust, upstreams } = followed
  const isRefused: readonly (readonly [Kind, FollowedFiles<unknown>])[] = [
    ['access policy', policy],
    ['server certificate', certificate],
    ['trust', trust],
    ['upstreams', upstreams],
  ]
  const refused = isRefused.flatMap(([kind, files]) => (files.lastProblem() === null ? [] : [kind]))
  return [...refused, ...new Set(endings(followed, now).map(({ kind }) => kind))]
}

/** What of that which is in force ends soon. */
export function endings({ certificate, trust }: Followed, now: number): readonly Ending[] {
  return endingSoon(certificate.current().endsAt, trust.current().lists, now)
}

/** Judges all files anew at once. */
export function lookAtAll({ policy, certificate, trust, upstreams }: Followed): void {
  for (const files of [policy, certificate, trust, upstreams]) files.look()
}

/** Stops following. */
export function stopFollowing({ policy, certificate, trust, upstreams }: Followed): void {
  for (const files of [policy, certificate, trust, upstreams]) files.close()
}

interface Part<T> {
  readonly kind: Kind
  readonly files: FollowedFiles<T>
  /** Puts in force what was loaded. What it throws refuses it. */
  readonly take: () => void
  readonly event: (problem: string | null) => AuditEvent
}

function follow<T>({ kind, files, take, event }: Part<T>, { server, audit, log }: ReloadOptions): void {
  const record = (problem: string | null): void => {
    // Of several CAs one may be refused still while another was loaded.
    server.metrics.fileRefused(kind, files.lastProblem() !== null)
    audit.record(event(problem)).catch((err: unknown) => log.error({ err }, 'not on record'))
  }
  const verb = kind === 'upstreams' ? 'were' : 'was'
  server.metrics.fileRefused(kind, false)
  files.follow({
    onLoaded() {
      take()
      log.info({ what: kind }, `the ${kind} ${verb} loaded`)
      record(null)
    },
    onRejected(problem, isPartly) {
      const what = isPartly ? `some of the ${kind}` : `the ${kind}`
      log.warn({ what: kind, problem }, `${what} ${verb} refused; the old one stays in force`)
      record(problem)
    },
  })
}

function policyEvent(policy: FollowedPolicy): Part<unknown>['event'] {
  return (problem) => ({
    event: problem === null ? 'policy.loaded' : 'policy.rejected',
    policy: policy.current().digest,
    problem,
  })
}

function filesEvent(what: Kind): Part<unknown>['event'] {
  return (problem) => ({ event: problem === null ? 'files.loaded' : 'files.rejected', what, problem })
}
