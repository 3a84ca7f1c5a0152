import assert from 'node:assert/strict'
import { test } from 'node:test'
import { locationFindings, serverFindings } from '../../src/cli/doctor-redis.ts'

const NOW = 1_763_712_000_000

/** The reply of a server that is as it has to be, with some lines changed. */
function info(changes: Readonly<Record<string, string | number>> = {}): string {
  const lines = {
    redis_version: '7.2.4',
    server_time_usec: NOW * 1_000,
    tcp_port: 6379,
    used_memory: 1_000,
    maxmemory: 1_000_000,
    maxmemory_policy: 'noeviction',
    rdb_saves: 0,
    rdb_last_bgsave_status: 'ok',
    aof_enabled: 1,
    aof_last_write_status: 'ok',
    role: 'master',
    connected_slaves: 1,
    min_slaves_good_slaves: 1,
    ...changes,
  }
  return Object.entries(lines)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('')
}

/** What is not as it should be. */
const complaints = (changes: Readonly<Record<string, string | number>>): readonly string[] =>
  serverFindings(info(changes), 'it', NOW).flatMap(({ state, what, help }) =>
    state === 'ok' ? [] : [`${state}: ${what}: ${help}`],
  )

test('a server that is as it has to be is in order, and so is Valkey', () => {
  assert.deepEqual(complaints({}), [])
  assert.deepEqual(complaints({ valkey_version: '8.0.1' }), [])
})

test('what could lose or forget something is told, with what to do', () => {
  const expected: readonly (readonly [Readonly<Record<string, string | number>>, RegExp])[] = [
    [{ redis_version: '6.2.14' }, /^problem: it is Redis 6\.2\.14: use 7 or newer/],
    [{ redis_version: '' }, /^problem: it is Redis : use 7 or newer/],
    [{ role: 'slave' }, /^problem: it is a replica, which cannot be written to: name the master/],
    [
      { maxmemory_policy: 'volatile-lru' },
      /^problem: .*maxmemory-policy volatile-lru.*: set "maxmemory-policy noev/,
    ],
    [{ maxmemory_policy: '' }, /^problem: it forgets users/],
    [{ maxmemory: 0 }, /^warning: it takes memory until the machine has none left: set maxmemory/],
    [{ used_memory: 950_000 }, /^warning: it uses 95 % of its memory; .*: raise maxmemory/],
    [{ aof_enabled: 0 }, /^problem: it has kept nothing since it started: .*: set "appendonly yes"/],
    [{ aof_enabled: 0, rdb_saves: 3 }, /^warning: it keeps snapshots only: .*: set "appendonly yes"/],
    [{ aof_last_write_status: 'err' }, /^problem: it cannot write to its disk: look at its log/],
    [{ rdb_last_bgsave_status: 'err' }, /^problem: it cannot write to its disk: look at its log/],
    [{ connected_slaves: 0 }, /^warning: it has no replica: .*: add one, or keep backups/],
    [
      { min_slaves_good_slaves: '' },
      /^warning: it has 1 replica\(s\), and goes on alone .*"min-replicas-to-write 1"/,
    ],
    [
      { server_time_usec: (NOW + 60_000) * 1_000 },
      /^warning: it is 60000 ms ahead of this machine: keep both clocks/,
    ],
    [{ server_time_usec: (NOW - 5_000) * 1_000 }, /^warning: it is 5000 ms behind this machine/],
  ]
  for (const [changes, pattern] of expected) {
    const [first, ...others] = complaints(changes)
    assert.match(first ?? 'nothing', pattern)
    assert.deepEqual(others, [], JSON.stringify(changes))
  }
})

test('how we get there is told: in the clear, as the default user, and never with a password', () => {
  const states = (url: string, display: string): readonly string[] =>
    locationFindings(url, display).map(({ state, what, help }) => {
      assert.ok(!`${what}${help}`.includes('hunter2'))
      return state
    })
  assert.deepEqual(states('redis://:hunter2@redis.example', 'redis://redis.example'), ['warning', 'warning'])
  assert.deepEqual(states('redis://default:hunter2@[::1]:1', 'redis://[::1]:1'), ['ok', 'warning'])
  assert.deepEqual(states('redis://door:hunter2@localhost/3', 'redis://localhost/3'), ['ok', 'ok'])
  assert.deepEqual(states('redis+cluster://d:hunter2@127.0.0.1,b', 'redis+cluster://127.0.0.1,b'), [
    'warning',
    'ok',
  ])
  assert.deepEqual(states('rediss+sentinel://d:hunter2@a,b/m', 'rediss+sentinel://a,b/m'), ['ok', 'ok'])
})
