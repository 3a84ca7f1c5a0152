import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { trailFollower } from '../../src/audit/follow-trail.ts'
import type { TrailEvent } from '../../src/audit/read-trail.ts'
import { follow } from '../../src/cli/audit-tail.ts'
import { DECIDED, issued } from '../support/audit-events.ts'
import { signedTrail, type SignedTrail } from '../support/audit-log.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const DAY = 86_400_000

interface Place extends SignedTrail {
  readonly cwd: string
  /** Runs `sallyport audit ARGS`. */
  audit(...args: readonly string[]): ReturnType<typeof inProcess>
}

/** An installation with a trail of its own, its public key where the server has it. */
async function place(t: TestContext, yaml = ''): Promise<Place> {
  const cwd = await temporaryDirectory(t)
  const trail = signedTrail(join(cwd, 'data', 'audit'))
  await writeFile(join(cwd, 'sallyport.yaml'), yaml)
  return { ...trail, cwd, audit: async (...args) => inProcess(['audit', ...args], { cwd }) }
}

async function withKey(trail: Place): Promise<void> {
  await writeFile(join(trail.cwd, 'data/audit-signing-key.pub.pem'), trail.publicKey)
}

test('audit verify: what is certain, what is not, and exit 0', async (t) => {
  const trail = await place(t)
  await trail.write('w', 30)
  await withKey(trail)
  const { code, stdout, stderr } = await trail.audit('verify')
  assert.deepEqual([code, stderr], [0, ''])
  assert.equal(
    stdout,
    `1 chain in ${trail.directory}, 33 lines: as they were written
not anchored: lines may have been cut off the ends, and nothing here can prove otherwise
refusals of strangers (anonymous-*.jsonl) are samples, in no chain, and not verified
`,
  )
  await writeFile(join(trail.cwd, 'anchors'), trail.anchors.map((line) => `Nov 21 host 1 ${line}\n`).join(''))
  const anchored = await trail.audit('verify', '--anchor', 'anchors')
  assert.match(anchored.stdout, /^anchored to the end: 1 chain of 1: nothing was cut off there$/m)
})

test('audit verify: file, line and words of what is wrong, and exit 1', async (t) => {
  const trail = await place(t)
  await trail.write('w', 30)
  await withKey(trail)
  const path = join(trail.directory, '2026-11-21-w.jsonl')
  await writeFile(path, (await readFile(path, 'utf8')).replace('"requestId":"w-7"', '"requestId":"w-8"'))
  const { code, stdout, stderr } = await trail.audit('verify')
  assert.equal(code, 1)
  assert.match(stdout, /^PROBLEM {3}2026-11-21-w\.jsonl:10: it was changed, or is no audit line$/m)
  assert.match(stdout, /lines: NOT as they were written$/m)
  assert.equal(stderr, 'sallyport: the trail is not as it was written\n')
  const { code: same, stdout: json } = await trail.audit('verify', '--json')
  const { ok, chains } = JSON.parse(json)
  assert.deepEqual([same, ok, chains[0].problem.line], [1, false, 10])
})

test('audit verify of a copy needs no installation, only the public key', async (t) => {
  const trail = await place(t)
  await trail.write('w', 5)
  await writeFile(join(trail.cwd, 'key.pem'), trail.publicKey)
  await rm(join(trail.cwd, 'sallyport.yaml'))
  assert.equal((await trail.audit('verify', 'data/audit', '--key', 'key.pem')).code, 0)
  const without = await trail.audit('verify', 'data/audit')
  assert.deepEqual([without.code, without.stderr.includes('name it with --key FILE')], [1, true])
  const unsigned = await trail.audit('verify', 'data/audit', '--unsafe-unsigned')
  assert.equal(unsigned.code, 0)
  assert.match(unsigned.stdout, /signatures were not looked at/)
  assert.equal((await trail.audit('verify', '--since', 'yesterday')).code, 2)
})

test('audit verify reads the anchors that the configuration names', async (t) => {
  const trail = await place(t, 'audit: { anchors: [ { kind: file, path: anchors.jsonl } ] }\n')
  await trail.write('w', 60)
  await withKey(trail)
  const before = await trail.audit('verify')
  assert.match(before.stderr, /^warning: the anchors in .*anchors\.jsonl cannot be read \(ENOENT\)/)
  assert.equal(before.code, 0)
  await writeFile(join(trail.cwd, 'anchors.jsonl'), `${trail.anchors.join('\n')}\n`)
  const path = join(trail.directory, '2026-11-21-w.jsonl')
  const lines = (await readFile(path, 'utf8')).split('\n')
  await writeFile(path, `${lines.slice(0, 20).join('\n')}\n`)
  const { code, stdout } = await trail.audit('verify')
  assert.equal(code, 1)
  assert.match(
    stdout,
    /ends with line 20, and .*anchors\.jsonl:\d knows it through line 63: lines were cut off/,
  )
})

test('what a command records is signed with a key that it makes, and anchored where it is wanted', async (t) => {
  const cwd = await temporaryDirectory(t)
  await writeFile(
    join(cwd, 'sallyport.yaml'),
    'audit: { anchors: [ { kind: file, path: other/anchors.jsonl } ] }\n',
  )
  const run = async (...args: readonly string[]) => inProcess(args, { cwd })
  await inProcess(['init-ca'], { cwd })
  const issuing = await run('issue-server-cert')
  assert.equal(issuing.code, 0, issuing.stderr)
  assert.match(
    issuing.stderr,
    /the anchor file .* does not take the audit trail: ENOENT/,
    'the folder is not there',
  )
  assert.equal((await stat(join(cwd, 'data/audit-signing-key.pem'))).mode & 0o777, 0o600)
  const verified = await run('audit', 'verify')
  assert.deepEqual([verified.code, /1 chain in .*as they were written/.test(verified.stdout)], [0, true])
})

test('audit search: by who, what, how, when and why', async (t) => {
  const trail = await place(t)
  const sink = await trail.open('w')
  const events = [
    { ...DECIDED, requestId: 'r-1', resource: 'notes_read', decision: 'allow', reason: null },
    { ...DECIDED, requestId: 'r-2', resource: 'notes_write', rule: 'office-hours', reason: 'denied_by_rule' },
    {
      ...DECIDED,
      requestId: 'r-3',
      event: 'resource.decided',
      resource: 'note://a/b',
      principal: 'user:alice',
    },
    issued('70F0'),
  ] as const
  for (const event of events) {
    trail.clock.now += 60_000
    await sink.record(event)
  }
  await sink.close()
  const found = async (...flags: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await trail.audit('search', '--json', ...flags)
    assert.equal(code, 0, stderr)
    return stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const { requestId, serial } = JSON.parse(line)
        return requestId ?? serial
      })
      .join(' ')
  }
  assert.equal(await found(), 'r-1 r-2 r-3 70F0')
  assert.equal(await found('--principal', 'user:*'), 'r-3')
  assert.equal(await found('--tool', 'notes_*'), 'r-1 r-2')
  assert.equal(await found('--resource', 'note://**'), 'r-3')
  assert.equal(await found('--decision', 'deny', '--reason', 'denied_by_rule'), 'r-2')
  assert.equal(await found('--rule', 'office-hours'), 'r-2')
  assert.equal(await found('--request', 'r-3'), 'r-3')
  assert.equal(await found('--event', 'certificate.*'), '70F0')
  assert.equal(await found('--since', '2026-11-21T10:02:00Z', '--until', '2026-11-21T10:03:00Z'), 'r-2 r-3')
  assert.equal((await trail.audit('search', '--count')).stdout, '4\n')
  assert.equal((await trail.audit('search', '--count', '--event', 'audit.*')).stdout, '4\n')
  assert.equal((await trail.audit('search', '--principal', '')).code, 2)
  const elsewhere = await trail.audit('search', '/nowhere')
  assert.deepEqual([elsewhere.code, /no such folder/.test(elsewhere.stderr)], [2, true])
  assert.equal(
    (await trail.audit('search', '--request', 'r-2')).stdout,
    '2026-11-21T10:02:00.000Z  deny  service:demo  tools/call  notes_write  denied_by_rule  rule=office-hours  r-2\n',
  )
})

test('what a caller put into a name moves no cursor and breaks no line', async (t) => {
  const trail = await place(t)
  const sink = await trail.open('w')
  await sink.record({ ...DECIDED, resource: 'a\n2026-11-21  allow\u001b[2K\u009b1A\t\u202eb' })
  await sink.close()
  const { stdout } = await trail.audit('tail')
  assert.equal(stdout.split('\n').length, 2)
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  assert.doesNotMatch(stdout.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u202e]/)
  assert.match(stdout, /a\\n2026-11-21 {2}allow\\u001b\[2K\\u009b1A\\t\\u202eb/)
})

test('audit tail: the last so many, over days and writers', async (t) => {
  const trail = await place(t)
  await trail.write('a', 5)
  trail.clock.now += DAY
  await trail.write('b', 5)
  const { stdout } = await trail.audit('tail', '-n', '7', '--json')
  const ids = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line).requestId)
  assert.deepEqual(ids, ['a-3', 'a-4', 'b-0', 'b-1', 'b-2', 'b-3', 'b-4'])
  assert.equal((await trail.audit('tail', '-n', 'x')).code, 2)
})

test('audit tail -f goes on with new lines, files and writers, and with nothing twice', async (t) => {
  const trail = await place(t)
  trail.clock.now = Date.now()
  const first = await trail.open('a', 2000)
  const record = async (sink: typeof first, serial: string) => {
    trail.clock.now += 1
    await sink.record(issued(serial))
  }
  for (const serial of ['1', '2', '3']) await record(first, serial)
  const seen: string[] = []
  const shown = new EventTarget()
  const show = ({ event }: TrailEvent): void => {
    if (typeof event['serial'] === 'string') seen.push(event['serial'])
    shown.dispatchEvent(new Event('event'))
  }
  const over = new AbortController()
  const ended = follow(trail.directory, { lines: 2 }, show, over.signal)
  const until = async (many: number): Promise<void> => {
    while (seen.length < many) await once(shown, 'event')
  }
  await until(2)
  const second = await trail.open('b')
  for (let index = 4; index < 20; index++) await record(index % 2 === 0 ? first : second, String(index))
  await until(18)
  over.abort()
  await ended
  assert.deepEqual(seen.slice(0, 2), ['2', '3'])
  assert.deepEqual(
    seen.slice(2).toSorted((one, other) => Number(one) - Number(other)),
    Array.from({ length: 16 }, (_, index) => String(index + 4)),
  )
  await first.close()
  await second.close()
  assert.ok(
    (await readdir(trail.directory)).some((name) => name.endsWith('-a.2.jsonl')),
    'it was followed into the next file',
  )
})

test('a file of strangers that is renamed is not shown twice, and half a line not before it is whole', async (t) => {
  const directory = await temporaryDirectory(t)
  const line = (name: string): string =>
    JSON.stringify({ at: new Date().toISOString(), event: 'request.refused', name })
  const path = join(directory, 'anonymous-w.jsonl')
  const follower = trailFollower(directory, '2026-01-01')
  const seen: unknown[] = []
  const look = async (): Promise<void> => follower.look(({ event }) => void seen.push(event['name']))
  await writeFile(path, `${line('a')}\n${line('b').slice(0, 30)}`)
  await look()
  assert.deepEqual(seen, ['a'])
  await writeFile(path, line('b').slice(30) + '\n', { flag: 'a' })
  await look()
  await rename(path, `${path}.1`)
  await writeFile(path, `${line('c')}\n`)
  await look()
  assert.deepEqual(seen, ['a', 'b', 'c'])
})
