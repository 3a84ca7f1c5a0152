import { inProcessConnect, type ProtectableServer, type ServerFactory } from './in-process-connect.ts'
import type { UpstreamLimits, UpstreamOptions } from './options.ts'

/** What of a protected server can be said; all of it is optional but its name. */
export interface ProtectOptions extends Partial<
  Pick<UpstreamOptions, 'prefix' | 'permissions' | 'allow' | 'deny' | 'overrides' | 'asks' | 'era'>
> {
  /** `[a-z][a-z0-9-]{0,31}`: begins its permissions, and its tools where `prefix` is true. */
  readonly name: string
  /** `area:verb` of everything of this server, with `{tool}` for the name; `<name>:{tool}` unless given. */
  readonly permission?: string
  readonly limits?: Partial<UpstreamLimits>
}

/** As those of the configuration (`config/upstream-settings.ts`). */
const LIMITS: UpstreamLimits = {
  timeout: 60_000,
  connectTimeout: 10_000,
  idle: 5 * 60_000,
  connections: 32,
  inFlight: 256,
  definitions: 1000,
  notificationsPerSecond: 50,
}

/**
 * Puts a server of this process behind the door: an `McpServer` or a `Server` of the MCP SDK 2.x or 1.x. Its tools,
 * prompts and resources are listed and called as those of any other upstream, each behind its permission. Its handlers
 * read who calls in `authInfo`: `clientId` is the principal, `extra` has its roles and the request id.
 *
 * A function is asked for one server for each connection: one for all callers where MCP 2026-07-28 is spoken (SDK 2.x),
 * one for each principal where it is not, so that it can ask the client in the middle of a call. A server itself is one
 * connection for everybody; of SDK 1.x it cannot ask its callers anything.
 *
 * It is code of this process and trusted as such: what it lists, now or later, is served as it is,
 * and no lock file is needed.
 */
export function protectedServer(
  server: ProtectableServer | ServerFactory,
  options: ProtectOptions,
): UpstreamOptions {
  const { name, prefix = true, permission, permissions = [], limits } = options
  return {
    name,
    prefix,
    transport: { kind: 'in-process', connect: inProcessConnect(factoryOf(server)) },
    era: options.era ?? 'auto',
    connection: typeof server === 'function' ? 'auto' : 'shared',
    asks: options.asks ?? ['elicitation/create', 'sampling/createMessage', 'roots/list'],
    permissions: [...permissions, ...(permission === undefined ? [] : [{ names: '*', permission }])],
    allow: options.allow ?? [],
    deny: options.deny ?? [],
    overrides: options.overrides ?? {},
    identity: 'none',
    limits: { ...LIMITS, ...limits },
    results: { bytes: 16 * 1024 * 1024, secrets: 'pass', hiddenText: 'pass' },
  }
}

function factoryOf(server: ProtectableServer | ServerFactory): ServerFactory {
  return typeof server === 'function' ? server : () => server
}
