import { randomUUID } from 'node:crypto'
import type { RevocationStore, Revoked } from '../auth/revocation.ts'
import { script, type RedisClient } from './redis-client.ts'
import { PURGED_AT_ONCE, REVOCATIONS_KEPT_LONGER } from './retention.ts'
import { memberOf, revokedOf } from './revoked-member.ts'
import { unavailable } from './unavailable.ts'

/** How many one command adds: a script that runs for longer keeps everybody else waiting, until they give up. */
const ADDED_AT_ONCE = 500

/** How many one command reads, and as many more as came with the last of them. */
const READ_AT_ONCE = 10_000

/** An epoch that is no whole number, or beyond what is counted exactly, is one that was lost. */
const EPOCH = `
  local function epochOf(text)
    local epoch = tonumber(text or '0')
    if not epoch or epoch < 0 or epoch > 9000000000000000 or epoch % 1 ~= 0 then return 0 end
    return epoch
  end
`

/** A replica may be behind, so what it says of revocation counts for nothing. A store that is full still says it. */
const READ = script(`#!lua flags=allow-oom
${EPOCH}
  local replication = redis.call('INFO', 'replication')
  if not string.find(replication, 'role:master', 1, true) then
    return redis.error_reply('ERR this is a replica, which may be behind')
  end
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  local line = string.match(replication, 'master_replid:(%x+)')
  redis.call('HSETNX', KEYS[1], 'id', ARGV[2])
  local state = redis.call('HMGET', KEYS[1], 'epoch', 'id')
  local epoch, asked = epochOf(state[1]), tonumber(ARGV[1])
  local entries, through = {}, false
  if asked == 0 or epoch > asked or ARGV[3] == 'on' then
    local after = '(' .. ARGV[1]
    local last = redis.call('ZRANGEBYSCORE', KEYS[2], after, '+inf', 'WITHSCORES', 'LIMIT', ${READ_AT_ONCE - 1}, 1)[2]
    through = last or false
    entries = redis.call('ZRANGEBYSCORE', KEYS[2], after, last or '+inf')
  end
  return { epoch, table.concat({ run, line, state[2] }, ' '), entries, through }`)

/**
 * Adds entries under a new epoch. With `ARGV[3]` (restoring) only those that are not there, and with an epoch above
 * that; then the list gets another id, so that readers who passed the epoch that was lost read everything anew. It
 * goes through in a store that is full.
 */
const ADD = script(`#!lua flags=allow-oom
${EPOCH}
  redis.call('HSETNX', KEYS[1], 'id', ARGV[2])
  local epoch, least = epochOf(redis.call('HGET', KEYS[1], 'epoch')), tonumber(ARGV[3])
  local isNew = least == nil
  if least and epoch < least then
    epoch, isNew = least, true
    redis.call('HSET', KEYS[1], 'id', ARGV[2])
  end
  local added = {}
  for at = 5, #ARGV, 2 do
    if least == nil or not redis.call('ZSCORE', KEYS[2], ARGV[at]) then added[#added + 1] = at end
  end
  if isNew or #added > 0 then
    local raised = string.format('%.0f', epoch + 1)
    redis.call('HSET', KEYS[1], 'epoch', raised)
    for _, at in ipairs(added) do
      redis.call('ZADD', KEYS[2], raised, ARGV[at])
      redis.call('ZADD', KEYS[3], ARGV[at + 1], ARGV[at])
    end
  end
  for _, ended in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[4], 'LIMIT', 0, ${PURGED_AT_ONCE})) do
    redis.call('ZREM', KEYS[2], ended)
    redis.call('ZREM', KEYS[3], ended)
  end
  redis.pcall('PUBLISH', ARGV[1], '')`)

/**
 * The live revocation list, in one hash slot: a hash with the epoch, and two sorted sets of entries (`revoked-member.ts`).
 * None of the keys has a time to live.
 *
 * @param now ms since the epoch; decides only what has ended so long ago that it is removed
 */
export function redisRevocations(client: RedisClient, now: () => number): RevocationStore {
  const { revocationState, revocationsByEpoch, revocationsByEnd, revocationChannel } = client.keys
  const keys = [revocationState, revocationsByEpoch, revocationsByEnd]
  const addSome = async (some: readonly Revoked[], least: number | ''): Promise<void> => {
    const entries = some.flatMap((entry) => [memberOf(entry), entry.until])
    const values = [revocationChannel, randomUUID(), least, now() - REVOCATIONS_KEPT_LONGER, ...entries]
    await client.runDurably(ADD, keys, values)
  }
  const page = async (after: string, more: 'on' | ''): Promise<Page> => {
    const reply = await client.run(READ, keys.slice(0, 2), [after, randomUUID(), more])
    return client.answer(async () => {
      if (!isReading(reply)) throw new TypeError('what is stored is no revocation list')
      const [epoch, run, members, through] = reply
      return { epoch, run, members, through }
    })
  }
  const add = async (entries: readonly Revoked[], least: number | ''): Promise<void> => {
    // Nothing to add may still be an epoch to raise.
    for (let from = 0; from === 0 || from < entries.length; from += ADDED_AT_ONCE)
      await addSome(entries.slice(from, from + ADDED_AT_ONCE), least)
  }
  return {
    revoke: (entries) => add(entries, ''),
    restore: (entries, epoch) => add(entries, epoch),
    async read(asked) {
      let last = await page(String(asked), '')
      const { run } = last
      const entries = [...last.members]
      while (last.through !== null) {
        last = await page(last.through, 'on')
        if (last.run !== run)
          throw unavailable('the live revocation list was lost while it was read', undefined)
        entries.push(...last.members)
      }
      const { epoch } = last
      return client.answer(async () => ({
        epoch,
        run,
        entries: entries.map((member) => revokedOf(String(member))),
      }))
    },
    subscribe: (announced) => client.subscribe(revocationChannel, announced),
  }
}

/** What one command read: the entries of the epochs up to `through`, or all that were left. */
interface Page {
  readonly epoch: number
  readonly run: string
  readonly members: readonly unknown[]
  readonly through: string | null
}

type Reply = [epoch: number, run: string, members: unknown[], through: string | null]

function isReading(reply: unknown): reply is Reply {
  if (!Array.isArray(reply)) return false
  const parts: readonly unknown[] = reply
  const [epoch, run, members, through] = parts
  const isPlace = through === null || typeof through === 'string'
  return isPlace && typeof epoch === 'number' && typeof run === 'string' && Array.isArray(members)
}
