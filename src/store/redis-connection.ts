import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisLocation } from './redis-location.ts'

/** After so long a command is given up, those of connecting among them, and a connection that says nothing. In ms. */
const GIVEN_UP = 1_000

/** Nothing is queued or sent twice, and nothing lasts: whoever asks waits for less still. In ms. */
const FAIL_FAST = {
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  // No less, or a machine that is busy never gets connected.
  commandTimeout: GIVEN_UP,
  connectTimeout: GIVEN_UP,
  disconnectTimeout: 100,
  // A server that is frozen or cut off says nothing: only a new connection finds who took its place.
  socketTimeout: GIVEN_UP,
  retryStrategy: pause,
  // A primary that became a replica, as behind an address that moves: the new one is found by connecting anew.
  reconnectOnError: ({ message }: Error): boolean => /^(?:READONLY|ERR this is a replica)/.test(message),
  // It would need the right to CLIENT SETINFO, and nobody reads it.
  disableClientInfo: true,
} satisfies RedisOptions

/** What connections take beside the location. */
export interface ConnectionOptions {
  /** What TLS needs beyond the roots of Node; looked at for every connection anew. */
  readonly tls?: NonNullable<RedisOptions['tls']>
  /** As whom to ask the sentinels, where they want to know. */
  readonly sentinel?: { readonly username?: string; readonly password?: string }
}

/** How long to wait before the next attempt to connect, in ms. */
export function pause(attempts: number): number {
  return Math.min(attempts * 50, 250)
}

/** A connection to what a location names, not yet begun. It comes back by itself whenever it is lost. */
export function newConnection(location: RedisLocation, options: ConnectionOptions): Redis | Cluster {
  return location.kind === 'cluster'
    ? newCluster(location, options)
    : new Redis({ ...FAIL_FAST, ...targetOf(location, options), lazyConnect: true })
}

/** A connection for listening, which does not come back: whoever listens takes another one. */
export function newListener(
  location: RedisLocation,
  options: ConnectionOptions,
  connection: Redis | Cluster,
): Redis {
  const common = { ...FAIL_FAST, enableOfflineQueue: true, autoResubscribe: false, retryStrategy: null }
  if (connection instanceof Redis) return new Redis({ ...common, ...targetOf(location, options) })
  const known = connection.nodes().map(({ options: { host = '', port = 0 } }) => ({ host, port }))
  const nodes = known.length === 0 ? location.hosts : known
  // Any will do, so that not all servers listen to the same one.
  const node = nodes[Math.floor(Math.random() * nodes.length)]
  return new Redis({ ...common, ...identityOf(location, options), ...node })
}

function newCluster(location: RedisLocation, options: ConnectionOptions): Cluster {
  const cluster = new Cluster([...location.hosts], {
    redisOptions: { ...FAIL_FAST, ...identityOf(location, options) },
    enableOfflineQueue: false,
    lazyConnect: true,
    // What a connection that broke may have carried out is not sent again.
    retryDelayOnFailover: 0,
    clusterRetryStrategy: pause,
    // Names stay names, so that certificates are checked against them.
    dnsLookup: (host, done) => done(null, host),
  })
  cluster.on('ready', () => cluster.nodes('master').forEach(begin))
  cluster.on('+node', (node: Redis) => {
    // Not before the command that found it was given to it.
    setImmediate(() => begin(node))
    // Nobody waits for what it answers to this, and it may fail.
    node.asking = quiet(node.asking.bind(node))
  })
  return cluster
  function begin(node: Redis): void {
    // By itself a node connects with its first command, and those that come meanwhile fail.
    const isWaiting = cluster.status === 'ready' && node.status === 'wait' && node.options.readOnly !== true
    if (isWaiting) node.connect().catch(() => undefined)
  }
}

function quiet(asking: () => Promise<'OK'>): () => Promise<'OK'> {
  return async () => await asking().catch(() => 'OK')
}

function targetOf(location: RedisLocation, options: ConnectionOptions): Omit<RedisOptions, 'replyMapping'> {
  const { kind, hosts, database, master, isSecure } = location
  const common = { ...identityOf(location, options), db: database }
  if (kind === 'single') return { ...common, ...hosts[0] }
  const { username, password } = options.sentinel ?? {}
  return {
    ...common,
    sentinels: [...hosts],
    name: master,
    sentinelCommandTimeout: GIVEN_UP,
    sentinelRetryStrategy: pause,
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(isSecure ? { sentinelTLS: options.tls ?? {}, enableTLSForSentinelMode: true } : {}),
  }
}

function identityOf(
  { username, password, isSecure }: RedisLocation,
  { tls }: ConnectionOptions,
): Pick<RedisOptions, 'username' | 'password' | 'tls'> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(isSecure ? { tls: tls ?? {} } : {}),
  }
}
