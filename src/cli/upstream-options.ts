import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { UpstreamSettings } from '../config/upstream-settings.ts'
import type { ConfiguredUpstream, UpstreamTexts } from '../config/upstream-texts.ts'
import { errnoOf, isSallyportError, SallyportError } from '../errors.ts'
import type { ClientRequest } from '../mcp/calling-client.ts'
import type { Isolation, UpstreamOptions, UpstreamTransport } from '../mcp/upstreams/options.ts'

/** Where what is needed of a configuration for its upstreams is. */
type Configured = Pick<Config, 'upstreams' | 'audit'>

/** One upstream of a configuration; with a fault it is one that cannot be connected. */
export interface ReadUpstream {
  readonly options: UpstreamOptions
  /** What is missing for it; no secret is in it. */
  readonly fault?: SallyportError
}

/**
 * The upstreams of a configuration: paths absolute, files read, gaps filled but for those of principals.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` with every fault, one per line; no secret is in them
 */
export function upstreamOptions(config: Configured): readonly UpstreamOptions[] {
  const read = readUpstreams(config)
  const faults = read.flatMap(({ fault }) => fault?.message ?? [])
  if (faults.length > 0) throw new SallyportError('CONFIGURATION_INVALID', faults.join('\n'))
  return read.map(({ options }) => options)
}

/** The same, for who looks at each by itself: one with a fault cannot be connected, and the fault is why. */
export function eachUpstreamOptions(config: Configured): readonly UpstreamOptions[] {
  return readUpstreams(config).map(({ options }) => options)
}

/** The same, with what is missing for each. */
export function readUpstreams(config: Configured): readonly ReadUpstream[] {
  return config.upstreams().map((upstream) => {
    try {
      return { options: described(upstream, transportOf(upstream, config)) }
    } catch (fault) {
      if (!isSallyportError(fault, 'CONFIGURATION_INVALID')) throw fault
      return { options: faulty(described(upstream, NOWHERE), fault), fault }
    }
  })
}

/** An upstream that cannot be connected, and why. */
export function faulty(options: UpstreamOptions, fault: SallyportError): UpstreamOptions {
  return { ...options, transport: { kind: 'in-process', connect: async () => Promise.reject(fault) } }
}

/** The same, to be looked at only: no variable and no file is read, and none of them can be reached. */
export function unreachableUpstreams(config: Configured): readonly UpstreamOptions[] {
  return config.upstreams().map((upstream) => described(upstream, NOWHERE))
}

const NOWHERE: UpstreamTransport = {
  kind: 'in-process',
  connect: async () => Promise.reject(new Error('upstreams are not connected here')),
}

function described(upstream: ConfiguredUpstream, transport: UpstreamTransport): UpstreamOptions {
  const settings = upstream.settings()
  const { prefix, era, connection, asks, allow, deny, identity, results } = settings
  return {
    name: upstream.name,
    transport,
    prefix,
    era,
    connection,
    asks: asks.map((one) => METHODS[one]),
    permissions: permissionsOf(settings),
    allow,
    deny,
    overrides: overridesOf(settings),
    identity,
    limits: {
      timeout: settings.timeout,
      connectTimeout: settings.connectTimeout,
      idle: settings.idle,
      connections: settings.connections,
      inFlight: settings.inFlight,
      definitions: settings.definitions,
      notificationsPerSecond: settings.notificationsPerSecond,
    },
    results,
  }
}

const METHODS: Readonly<Record<UpstreamSettings['asks'][number], ClientRequest['method']>> = {
  elicitation: 'elicitation/create',
  sampling: 'sampling/createMessage',
  roots: 'roots/list',
}

function permissionsOf({ permission, permissions }: UpstreamSettings): UpstreamOptions['permissions'] {
  const all = permission === undefined ? [] : [{ names: '**', permission }]
  return [...permissions.map(({ tools, permission: one }) => ({ names: tools, permission: one })), ...all]
}

function overridesOf({ overrides }: UpstreamSettings): UpstreamOptions['overrides'] {
  return Object.fromEntries(
    Object.entries(overrides).map(([name, { title, description }]) => [
      name,
      { ...(title === undefined ? {} : { title }), ...(description === undefined ? {} : { description }) },
    ]),
  )
}

function transportOf(upstream: ConfiguredUpstream, { audit }: Configured): UpstreamTransport {
  const settings = upstream.settings()
  const texts = upstream.texts()
  if (settings.url !== undefined) return httpTransport(settings, texts)
  const { command, args, env, cwd } = texts
  return {
    kind: 'stdio',
    command,
    args,
    env,
    ...(cwd === undefined ? {} : { cwd }),
    home: join(homesOf({ audit }), upstream.name),
    isolation: isolationOf(settings),
    memory: settings.memory,
  }
}

/** Where the homes of upstreams are, absolute: beside the audit trail and the store, where the server can write. */
export function homesOf({ audit }: Pick<Config, 'audit'>): string {
  return join(dirname(audit), 'upstreams')
}

function httpTransport({ tls }: UpstreamSettings, { url, headers }: UpstreamTexts): UpstreamTransport {
  const { ca, cert, key, pins = [] } = tls ?? {}
  const files = Object.entries({ ca, cert, key }).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, contentOf(path)] as const],
  )
  return { kind: 'http', url: new URL(url), headers, tls: { pins, ...Object.fromEntries(files) } }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new SallyportError(
      'CONFIGURATION_INVALID',
      `${path} cannot be read (${errnoOf(cause)}), which upstreams.….tls names: check path and rights`,
      { cause },
    )
  }
}

/** Kept apart by bubblewrap, unless the operator says otherwise; where that does not work the process is not started. */
function isolationOf({ trusted, user, sandbox, container }: UpstreamSettings): Isolation {
  if (trusted === true) return { kind: 'trusted' }
  if (user !== undefined) return { kind: 'user', user }
  if (container !== undefined) return { kind: 'container', ...container }
  return { kind: 'bubblewrap', ...(sandbox ?? { read: [], write: [], network: false }) }
}
