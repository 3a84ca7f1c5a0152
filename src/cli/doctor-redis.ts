import { connectRedis } from '../store/redis-client.ts'
import { findingsOf, type Check, type Finding } from './doctor-finding.ts'
import { redisOptions } from './redis-options.ts'

/** Whether Redis is as it has to be to keep what it is told. Needs no rights beyond those of the server. */
export const redis: Check = {
  name: 'Redis',
  async run({ config, now }) {
    const { store } = config
    if (store.kind !== 'redis') return []
    const client = await connectRedis(store.url(), redisOptions(config))
    try {
      const asked = now()
      const infos = await client.answer(() => Promise.all(client.masters().map((master) => master.info())))
      const middle = (asked + now()) / 2
      return [
        ...locationFindings(store.url(), store.display),
        ...infos.flatMap((info) =>
          serverFindings(info, `${store.display}, port ${text(info, 'tcp_port')}`, middle),
        ),
      ]
    } finally {
      await client.close()
    }
  },
}

const { ok, warning, problem } = findingsOf(redis.name)

const LOOPBACK = /^rediss?[^/]*\/\/(?:(?:localhost|127\.[0-9.]+|\[::1\])(?::\d+)?,?)+(?:\/|$)/

/** What can be told from how we get there. */
export function locationFindings(url: string, display: string): readonly Finding[] {
  const user = /\/\/([^@/]*)@/.exec(url)?.[1]?.split(':')[0] ?? ''
  return [
    display.startsWith('rediss') || LOOPBACK.test(display)
      ? ok(`${display} is reached ${display.startsWith('rediss') ? 'over TLS' : 'on this machine'}`)
      : warning(`${display} is spoken to in the clear`, 'begin it with "rediss", and set redis.tls'),
    user === '' || user === 'default'
      ? warning(
          `${display} is used as the default user, who usually may do everything`,
          'make an ACL user with the rights in STORAGE.md, and name it in SALLYPORT_STORE',
        )
      : ok(`${display} is used as an ACL user`),
  ]
}

/**
 * What a server says of itself.
 *
 * @param info the reply to INFO
 * @param at ms since the epoch on this machine, when it was asked
 */
export function serverFindings(info: string, where: string, at: number): readonly Finding[] {
  return [
    version(info, where),
    role(info, where),
    eviction(info, where),
    ...room(info, where),
    persistence(info, where),
    ...replicas(info, where),
    ...clock(info, where, at),
  ]
}

function text(info: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
}

function count(info: string, name: string): number {
  return Number(text(info, name))
}

function version(info: string, where: string): Finding {
  const [number, name] = text(info, 'valkey_version')
    ? [text(info, 'valkey_version'), 'Valkey']
    : [text(info, 'redis_version'), 'Redis']
  return Number(number.split('.')[0]) >= 7
    ? ok(`${where} is ${name} ${number}`)
    : problem(`${where} is ${name} ${number}`, 'use 7 or newer: older ones do not know our scripts')
}

function role(info: string, where: string): Finding {
  return text(info, 'role') === 'master'
    ? ok(`${where} is the master`)
    : problem(`${where} is a replica, which cannot be written to`, 'name the master, or its sentinels')
}

function eviction(info: string, where: string): Finding {
  const policy = text(info, 'maxmemory_policy')
  return policy === 'noeviction'
    ? ok(`${where} forgets nothing to make room (noeviction)`)
    : problem(
        `${where} forgets users, sessions and revocations to make room (maxmemory-policy ${policy})`,
        'set "maxmemory-policy noeviction"',
      )
}

/** From this part of the memory that it may use on. */
const NEARLY_FULL = 0.9

function room(info: string, where: string): readonly Finding[] {
  const [used, most] = [count(info, 'used_memory'), count(info, 'maxmemory')]
  if (most === 0)
    return [
      warning(`${where} takes memory until the machine has none left`, 'set maxmemory to what it may use'),
    ]
  const percent = Math.round((100 * used) / most)
  if (used < NEARLY_FULL * most) return [ok(`${where} uses ${percent} % of its memory`)]
  return [
    warning(`${where} uses ${percent} % of its memory; nobody can log in when it is full`, 'raise maxmemory'),
  ]
}

function persistence(info: string, where: string): Finding {
  const isFailing =
    text(info, 'aof_last_write_status') === 'err' || text(info, 'rdb_last_bgsave_status') === 'err'
  if (isFailing)
    return problem(`${where} cannot write to its disk`, 'look at its log, and at the room on its disk')
  if (count(info, 'aof_enabled') === 1) return ok(`${where} keeps what it is told (appendonly)`)
  if (count(info, 'rdb_saves') > 0)
    return warning(
      `${where} keeps snapshots only: what came after the last one is lost with the process`,
      'set "appendonly yes"',
    )
  return problem(
    `${where} has kept nothing since it started: without it users, notes and revocations are lost`,
    'set "appendonly yes"',
  )
}

function replicas(info: string, where: string): readonly Finding[] {
  const connected = count(info, 'connected_slaves')
  if (connected === 0)
    return [warning(`${where} has no replica: what it has is lost with its disk`, 'add one, or keep backups')]
  const isBound = text(info, 'min_slaves_good_slaves') !== ''
  if (isBound) return [ok(`${where} has ${connected} replica(s), and takes nothing without one`)]
  return [
    warning(
      `${where} has ${connected} replica(s), and goes on alone when it is cut off from them`,
      'set "min-replicas-to-write 1", so that nothing is known there only',
    ),
  ]
}

/** Clocks of machines that are kept right differ by less, in ms. */
const SAME_TIME = 2_000

function clock(info: string, where: string, at: number): readonly Finding[] {
  const theirs = count(info, 'server_time_usec') / 1_000
  if (!(theirs > 0)) return []
  const difference = Math.round(theirs - at)
  if (Math.abs(difference) < SAME_TIME) return [ok(`${where} has our time`)]
  return [
    warning(
      `${where} is ${Math.abs(difference)} ms ${difference > 0 ? 'ahead of' : 'behind'} this machine`,
      'keep both clocks right (NTP): times of sessions are those of the machine that serves',
    ),
  ]
}
