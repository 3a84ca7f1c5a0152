import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { RedisOptions } from 'ioredis'

/** A real redis-server of its own, for one test file. */
export interface RedisServer {
  /** `redis://:<password>@127.0.0.1:<port>`, or `rediss://…` with TLS */
  readonly url: string
  readonly port: number
  readonly password: string
  readonly pid: number
  /** Kills it and removes its files. May be called twice. */
  stop(): Promise<void>
  /** Freezes it (SIGSTOP): connections stay open and nothing answers. */
  pause(): void
  /** Thaws it (SIGCONT). */
  resume(): void
}

/** TLS among several servers, and what the test's own connections believe and show. */
export interface RedisTls {
  readonly server: NonNullable<RedisServerOptions['tls']>
  readonly client: NonNullable<RedisOptions['tls']>
}

/** The options of a connection of the test's own. */
export function rawOptions(tls: RedisTls | undefined): Pick<RedisOptions, 'tls'> {
  return tls === undefined ? {} : { tls: tls.client }
}

/** Where to start it, to bring one back that was stopped; a free port and a new password otherwise. */
export interface RedisServerOptions {
  readonly port?: number
  readonly password?: string
  /** To speak TLS, with this certificate and key (paths), and nothing else; with a CA clients must show one of its. */
  readonly tls?: {
    readonly certificate: string
    readonly key: string
    readonly ca?: string
    /** More lines about TLS. */
    readonly settings?: readonly string[]
  }
  /** More lines of its configuration. */
  readonly settings?: readonly string[]
  /** Where to keep its data, so that another one can go on with it; not removed then. A new directory otherwise. */
  readonly directory?: string
  /** To watch over others: no data, no persistence. */
  readonly isSentinel?: boolean
}

const ATTEMPTS = 5

/**
 * Starts redis-server on 127.0.0.1, with a password and without persistence, and waits until it accepts connections.
 * It ends with `stop()`, and when this process ends, however it ends.
 */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { password = randomBytes(24).toString('hex') } = options
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort())
    try {
      return await startOn(port, { ...options, password })
    } catch (error) {
      if (attempt >= ATTEMPTS) throw error
    }
  }
}

async function startOn(
  port: number,
  options: RedisServerOptions & { readonly password: string },
): Promise<RedisServer> {
  const { password, tls, isSentinel = false } = options
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'sallyport-redis-')))
  const isOwn = options.directory === undefined
  const remove = async (): Promise<void> => {
    if (isOwn) await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  }
  const configuration = join(directory, 'redis.conf')
  await writeFile(configuration, configurationOf(port, directory, options), { mode: 0o600 })
  const server = spawn('redis-server', [configuration, ...(isSentinel ? ['--sentinel'] : [])], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  try {
    await ready(server, isSentinel ? 'Sentinel ID is' : 'Ready to accept connections')
  } catch (error) {
    await remove()
    throw error
  }
  const guard = guardOf(server, isOwn ? directory : '')
  const killOnExit = (): void => void server.kill('SIGKILL')
  process.once('exit', killOnExit)
  server.unref()
  return {
    url: `${tls === undefined ? 'redis' : 'rediss'}://${password === '' ? '' : `:${password}@`}127.0.0.1:${port}`,
    port,
    password,
    pid: server.pid ?? 0,
    async stop() {
      process.removeListener('exit', killOnExit)
      server.ref()
      server.kill('SIGKILL')
      await ended
      guard.kill('SIGKILL')
      await remove()
    },
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
  }
}

function configurationOf(
  port: number,
  directory: string,
  { password, tls, settings = [], isSentinel }: RedisServerOptions,
): string {
  const plain = [`port ${port}`]
  const secured = [
    'port 0',
    `tls-port ${port}`,
    `tls-cert-file ${tls?.certificate}`,
    `tls-key-file ${tls?.key}`,
    `tls-ca-cert-file ${tls?.ca ?? tls?.certificate}`,
    `tls-auth-clients ${tls?.ca === undefined ? 'no' : 'yes'}`,
    ...(tls?.settings ?? []),
  ]
  return [
    'bind 127.0.0.1',
    ...(tls === undefined ? plain : secured),
    ...(password === '' ? [] : [`requirepass ${password}`]),
    `dir ${directory}`,
    ...(isSentinel === true ? [] : ['save ""', 'appendonly no']),
    'daemonize no',
    ...settings,
    '',
  ].join('\n')
}

async function ready(server: ChildProcess, sign: string): Promise<void> {
  const said: string[] = []
  const failed = once(server, 'error').then(([error]: unknown[]) => {
    throw new Error('redis-server cannot be started: install it (package redis-server)', { cause: error })
  })
  const heard = (async () => {
    if (server.stdout === null) throw new Error('redis-server has no output to read')
    for await (const line of createInterface({ input: server.stdout })) {
      if (line.includes(sign)) return
      said.push(line)
    }
    throw new Error(`redis-server ended before it was ready:\n${said.join('\n')}`)
  })()
  await Promise.race([failed, heard])
  server.stdout?.resume()
  unrefStream(server.stdout)
}

/** Ends the server and removes its files when this process is killed and can no longer do so itself. */
function guardOf(server: ChildProcess, directory: string): ChildProcess {
  const script = 'read -r line; kill -9 "$1"; [ -z "$2" ] || rm -rf "$2"'
  const guard = spawn('/bin/sh', ['-c', script, 'guard', String(server.pid), directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.unref()
  unrefStream(guard.stdin)
  return guard
}

function unrefStream(stream: unknown): void {
  if (stream instanceof Object && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
