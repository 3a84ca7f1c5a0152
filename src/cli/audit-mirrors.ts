import { mirror, type Mirror, type MirrorOptions, type Outlet, type OutgoingLine } from '../audit/mirror.ts'
import type { AnchorSettings, SinkSettings } from '../config/audit-settings.ts'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import type { RedisKeys } from '../store/redis-keys.ts'
import { anchorOf } from './audit-anchor-text.ts'
import { fileOutlet } from './audit-file-outlet.ts'
import { openTelemetryOutlet } from './audit-opentelemetry-outlet.ts'
import { redisOutlet } from './audit-redis-outlet.ts'
import { syslogOutlet } from './audit-syslog-outlet.ts'
import { redisOptions } from './redis-options.ts'

type OnProblem = NonNullable<MirrorOptions['onProblem']>

/** The copies of the trail that the configuration asks for. */
export function auditMirrors(config: Config, onProblem: OnProblem): readonly Mirror[] {
  const { anchors, sinks } = config.auditTrail
  return [
    ...anchors.map((one) => mirror(anchorOutlet(one, config), { isAnchor: true, onProblem })),
    ...sinks.map((one) => mirror(sinkOutlet(one, config), { isRequired: one.required === true, onProblem })),
  ]
}

function anchorOutlet(settings: AnchorSettings, config: Config): Outlet {
  switch (settings.kind) {
    case 'file':
      return fileOutlet(settings.path)
    case 'redis':
      return streamOutlet(config, settings.length, {
        stream: ({ auditAnchors }) => auditAnchors,
        field: 'anchor',
        text: anchorOf,
      })
    case 'syslog':
      return syslogOutlet(settings, anchorOf)
  }
}

function sinkOutlet(settings: SinkSettings, config: Config): Outlet {
  switch (settings.kind) {
    case 'redis':
      return streamOutlet(config, settings.length, {
        stream: ({ auditLines }) => auditLines,
        field: 'line',
        text: ({ written }) => written.line,
      })
    case 'syslog':
      return syslogOutlet(settings)
    case 'opentelemetry':
      return openTelemetryOutlet({ url: settings.url, serviceName: config.telemetry.serviceName })
  }
}

interface Stream {
  readonly stream: (keys: RedisKeys) => string
  readonly field: string
  readonly text: (line: OutgoingLine) => string
}

function streamOutlet(config: Config, length: number, stream: Stream): Outlet {
  const { store } = config
  // The configuration has refused it already.
  if (store.kind !== 'redis')
    throw new SallyportError('CONFIGURATION_INVALID', 'audit: there is no Redis to send it to: set store')
  return redisOutlet({
    display: store.display,
    url: store.url,
    client: redisOptions(config),
    length,
    ...stream,
  })
}
