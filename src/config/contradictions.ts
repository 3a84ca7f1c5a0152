import { auditFaults } from './audit-settings.ts'
import type { Contradiction } from './contradiction.ts'
import { redisFaults } from './redis-settings.ts'
import type { Endpoint } from './listener-settings.ts'
import type { Settings } from './settings.ts'
import { trustFaults } from './trust-faults.ts'
import { upstreamFaults } from './upstream-faults.ts'

/** Finds the settings that contradict each other. */
export function contradictions(settings: Settings): Contradiction[] {
  return [
    ...sessionFaults(settings),
    ...doorFaults(settings),
    ...portFaults(settings),
    ...trustFaults(settings),
    ...redisFaults(settings.store, settings.redis),
    ...auditFaults(settings.store, settings.audit),
    ...upstreamFaults(settings.upstreams),
  ]
}

function sessionFaults({ sessions, listeners }: Settings): Contradiction[] {
  const isTooLong = sessions.idleTimeout > sessions.absoluteTimeout
  const isForNobody =
    sessions.binding === 'certificate' && listeners.certificates.clientCertificate !== 'optional'
  return [
    ...(isTooLong
      ? [{ path: ['sessions', 'idleTimeout'], sentence: 'must not be longer than sessions.absoluteTimeout' }]
      : []),
    ...(isForNobody
      ? [
          {
            path: ['sessions', 'binding'],
            sentence:
              'is "certificate" while no listener takes both a login and a certificate, so that nobody could log in: ' +
              'set listeners.certificates.clientCertificate to "optional", or bind sessions to "address"',
          },
        ]
      : []),
  ]
}

function doorFaults({ listeners }: Settings): Contradiction[] {
  if (listeners.people !== false || listeners.certificates.clientCertificate === 'optional') return []
  return [
    {
      path: ['listeners', 'people'],
      sentence:
        'is false while listeners.certificates requires a certificate, so that nobody could log in: ' +
        'set listeners.certificates.clientCertificate to "optional", or turn the people door on',
    },
  ]
}

function portFaults({ listeners }: Settings): Contradiction[] {
  const doors: readonly (readonly [string, Endpoint | false])[] = [
    ['certificates', listeners.certificates],
    ['people', listeners.people],
    ['proxied', listeners.proxied],
    ['operations', listeners.operations],
  ]
  return doors.flatMap(([name, door], index) => {
    const other = doors.slice(0, index).find(([, earlier]) => collide(earlier, door))
    if (other === undefined) return []
    return [
      {
        path: ['listeners', name, 'port'],
        sentence: `must not be the port of listeners.${other[0]} as well`,
      },
    ]
  })
}

function collide(one: Endpoint | false, other: Endpoint | false): boolean {
  return (
    one !== false && other !== false && one.port !== 0 && one.port === other.port && one.host === other.host
  )
}
