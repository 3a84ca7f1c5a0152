import assert from 'node:assert/strict'
import { appendFile, readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { newSigningKey, publicKeysIn } from '../../src/audit/signing-key.ts'
import { fileAuditSink } from '../../src/audit/sink.ts'
import { verifyTrail, type TrailReport, type VerifyOptions } from '../../src/audit/verify-trail.ts'
import { issued } from '../support/audit-events.ts'
import { signedTrail, SIGNED_LINES, type SignedTrail } from '../support/audit-log.ts'
import { isWrong, rehashed, rewritten, tamper, verified } from '../support/tampering.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const DAY = 86_400_000

async function trailIn(t: TestContext): Promise<SignedTrail> {
  return signedTrail(await temporaryDirectory(t))
}

/** Without anchors, unless they are given. */
async function verify(trail: SignedTrail, options: Partial<VerifyOptions> = {}): Promise<TrailReport> {
  return verifyTrail(trail.directory, { keys: trail.keys, anchors: [], ...options })
}

/** The problems of all chains, as texts. */
function problemsOf({ chains }: TrailReport): readonly string[] {
  return chains.flatMap(({ problem }) =>
    problem === null
      ? []
      : [`${problem.file}${problem.line === null ? '' : `:${problem.line}`}: ${problem.problem}`],
  )
}

test('what was written verifies: several writers, days and files, to the last line', async (t) => {
  const trail = await trailIn(t)
  await trail.write('a', 200, 60_000)
  trail.clock.now += DAY
  await trail.write('b', 120)
  const report = await verified(trail)
  assert.deepEqual(problemsOf(report), [])
  assert.deepEqual(
    report.chains.map(({ writer, files, end, anchoredThrough, unsigned, notes }) => {
      assert.equal(anchoredThrough, end.seq - 1, 'the last line is the checkpoint of those before it')
      return [writer, files.length > 1, unsigned, notes]
    }),
    [
      ['a', true, 0, []],
      ['b', false, 0, []],
    ],
  )
})

test('ASVS 16.4.2: every one of 108 tamperings of every kind is found', async (t) => {
  const trail = await trailIn(t)
  await trail.write('a', 60)
  await trail.write('main', 500, 150_000)
  trail.clock.now += DAY
  await trail.write('b', 60)
  for await (const { kind, files, report } of tamper(trail, 108, 20_261_121))
    assert.ok(isWrong(report), `${kind} of ${files.join(', ')} was not found`)
  assert.ok(!isWrong(await verified(trail)), 'and it is as it was')
})

test('the place is said: the line that does not fit, and why', async (t) => {
  const trail = await trailIn(t)
  await trail.write('w', 30)
  const name = '2026-11-21-w.jsonl'
  const path = join(trail.directory, name)
  const lines = (await readFile(path, 'utf8')).split('\n')
  const found = async (changed: readonly string[]) => {
    await writeFile(path, changed.join('\n'))
    return problemsOf(await verify(trail))
  }
  assert.deepEqual(await found(lines.with(9, `${lines[9]} `)), [
    `${name}:10: it was changed, or is no audit line`,
  ])
  assert.deepEqual(await found(lines.toSpliced(9, 2)), [
    `${name}:10: line 10 of the chain was expected, found 12: lines were removed before it`,
  ])
  assert.deepEqual(await found(lines.toSpliced(9, 0, lines[4] ?? '')), [
    `${name}:10: line 10 of the chain was expected, found 5: it is repeated, moved or inserted`,
  ])
  assert.deepEqual(await found(lines.toSpliced(1, 1)), [
    `${name}:2: line 2 of the chain was expected, found 3: lines were removed before it`,
  ])
})

test('a removed file is missed: of a chain by what follows, the end of one by who wrote after it', async (t) => {
  const trail = await trailIn(t)
  await trail.write('a', 40)
  trail.clock.now += DAY
  await trail.write('b', 40)
  await rm(join(trail.directory, '2026-11-21-a.jsonl'))
  assert.deepEqual(problemsOf(await verify(trail)), [
    'null: the chain is missing: 2026-11-22-b.jsonl:1 knows it through line 43',
  ])
  assert.deepEqual(problemsOf(await verify(trail, { since: '2026-11-22' })), [], 'unless that was on purpose')
})

test('a chain that runs over days misses the file of one of them', async (t) => {
  const trail = await trailIn(t)
  const sink = await trail.open('w')
  for (const serial of ['1', '2', '3']) {
    await sink.record(issued(serial))
    trail.clock.now += DAY
  }
  await sink.close()
  await rm(join(trail.directory, '2026-11-22-w.jsonl'))
  assert.deepEqual(problemsOf(await verify(trail)), [
    '2026-11-23-w.jsonl:1: line 4 of the chain was expected, found 7: lines were removed before it; the file before this one, 2026-11-22-w.jsonl, is missing',
  ])
  await rm(join(trail.directory, '2026-11-21-w.jsonl'))
  assert.deepEqual(problemsOf(await verify(trail, { since: '2026-11-23' })), [])
  assert.equal(problemsOf(await verify(trail, { since: '2026-11-22' })).length, 1)
})

test('the tail of the last writer: only an anchor knows that lines were cut off', async (t) => {
  const trail = await trailIn(t)
  await trail.write('w', 120)
  const path = join(trail.directory, '2026-11-21-w.jsonl')
  const lines = (await readFile(path, 'utf8')).split('\n')
  await writeFile(path, `${lines.slice(0, 60).join('\n')}\n`)
  assert.deepEqual(problemsOf(await verify(trail)), [], 'by itself it holds')
  const [chain] = (await verify(trail)).chains
  assert.equal(chain?.anchoredThrough, null)
  assert.match(
    problemsOf(await verified(trail)).join(),
    /ends with line 60, and anchors:\d knows it through line 124: lines were cut off/,
  )
})

test('killed before it could sign: the lines hold, and it is said that nobody signed them', async (t) => {
  const trail = await trailIn(t)
  await trail.write('w', 20)
  const path = join(trail.directory, '2026-11-21-w.jsonl')
  const text = await readFile(path, 'utf8')
  const lines = text.split('\n').slice(0, 10).join('\n')
  await writeFile(path, `${lines}\n`)
  const { chains } = await verify(trail)
  assert.deepEqual(
    chains.map(({ problem, notes }) => [problem, notes]),
    [
      [
        null,
        ['lines 3 to 10 are not signed: the writer runs and will sign them, or was killed before it could'],
      ],
    ],
  )
})

test('a line torn by a crash is reported, and everything before it holds', async (t) => {
  const trail = await trailIn(t)
  await trail.write('w', 20)
  const path = join(trail.directory, '2026-11-21-w.jsonl')
  await truncate(path, (await readFile(path)).length - 40)
  const { chains } = await verify(trail)
  assert.equal(chains[0]?.problem, null)
  assert.equal(chains[0]?.lines, 22)
  assert.match(chains[0]?.notes[0] ?? '', /^2026-11-21-w\.jsonl:23 was cut short: torn by a crash/)
  await appendFile(path, '\n')
  assert.deepEqual(problemsOf(await verify(trail)), [
    '2026-11-21-w.jsonl:23: it was changed, or is no audit line',
  ])
})

test('a chain without signatures proves little, and says so; without keys none are asked for', async (t) => {
  const trail = await trailIn(t)
  const sink = await fileAuditSink({ directory: trail.directory, writer: 'w', now: () => trail.clock.now })
  await sink.record(issued('1'))
  await sink.close()
  assert.match(problemsOf(await verify(trail)).join(), /w\.jsonl:1: the chain is not signed/)
  assert.deepEqual(problemsOf(await verify(trail, { keys: undefined })), [])
})

test('keys change: both are good while both are named, and none but those', async (t) => {
  const trail = await trailIn(t)
  await trail.write('a', 10)
  const other = newSigningKey()
  const both = publicKeysIn(`${other.publicKey}\n${trail.publicKey}`, 'the keys')
  assert.deepEqual(problemsOf(await verify(trail, { keys: both })), [])
  const others = publicKeysIn(other.publicKey, 'the keys')
  assert.match(
    problemsOf(await verify(trail, { keys: others })).join(),
    /a\.jsonl:2: the checkpoint does not count: it is signed by the key [0-9a-f]{32}, which is not among those that are trusted/,
  )
  assert.throws(() => publicKeysIn(trail.privateKey, 'the file k'), {
    message: /the file k holds no public key/,
  })
})

test('an anchor that nobody signed counts for nothing', async (t) => {
  const trail = await trailIn(t)
  await trail.write('w', 10)
  const { chains } = await verify(trail)
  const forged = {
    writer: 'w',
    through: 500,
    head: 'sha256:0',
    at: 0,
    key: '0',
    signature: 'x',
    place: 'f:1',
  }
  const report = await verify(trail, { anchors: [forged] })
  assert.deepEqual(report.chains, chains)
  assert.match(report.problems.join(), /^the anchor f:1 counts for nothing: it is signed by the key 0/)
  const ofAnother = trail.anchors.map((line) => line.replace('"writer":"w"', '"writer":"v"'))
  const moved = await verified({ ...trail, anchors: ofAnother })
  assert.match(moved.problems.join(), /^the anchor anchors:1 counts for nothing: its signature is not good/)
})

/** Makes a trail of one writer, lets somebody without a key rewrite its lines, and verifies it without anchors. */
async function forgedTrail(
  t: TestContext,
  forge: (lines: readonly string[]) => readonly string[],
  name = '2026-11-21-w.jsonl',
): Promise<readonly string[]> {
  const trail = await trailIn(t)
  await trail.write('w', 3 * SIGNED_LINES)
  const path = join(trail.directory, '2026-11-21-w.jsonl')
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1)
  await rm(path)
  await writeFile(join(trail.directory, name), `${forge(lines).join('\n')}\n`)
  return problemsOf(await verify(trail))
}

const isCheckpoint = (line: string): boolean => line.includes('"audit.checkpoint"')

test('written anew without a key: checkpoints are missed where their writer makes them', async (t) => {
  const without = await forgedTrail(t, (lines) =>
    rewritten(
      lines.filter((line) => !isCheckpoint(line)),
      1,
      (line) => line,
    ),
  )
  assert.deepEqual(without, [
    '2026-11-21-w.jsonl:2: a checkpoint was expected behind the first line of a file: it was removed',
  ])
  const later = await forgedTrail(t, (lines) =>
    rewritten(
      lines.filter((line, index) => index < 10 || !isCheckpoint(line)),
      5,
      (line) => line.replace('"deny"', '"allow"'),
    ),
  )
  assert.match(
    later.join(),
    /^2026-11-21-w\.jsonl:53: a checkpoint was expected, since there was none for 50 lines: what is here was written without the key$/,
  )
  const slow = await forgedTrail(t, (lines) =>
    rewritten(lines.slice(0, 40), 20, (line) => line.replace('"at":"2026-11-21T10', '"at":"2026-11-21T12')),
  )
  assert.match(slow.join(), /jsonl:21: a checkpoint was expected/)
})

test('a checkpoint is signed for one chain, one line and one time, and written in one way', async (t) => {
  const changed = async (forge: (line: string) => string, at = 1) =>
    (await forgedTrail(t, (lines) => rewritten(lines, at, forge))).join()
  const refused = /^2026-11-21-w\.jsonl:2: the checkpoint does not count: its signature is not good/
  assert.match(await changed((line) => line.replace('10:00:01', '10:00:02')), refused)
  assert.match(
    await changed((line) => line.replace('"deny"', '"allow"').replace('"others":[]', '"others":[1]'), 0),
    refused,
  )
  const claims = await forgedTrail(t, (lines) =>
    lines.with(lines.length - 1, rehashed((lines.at(-1) ?? '').replace(/"through":\d+/, '"through":1'))),
  )
  assert.match(claims.join(), /: the checkpoint is not of the line before it: it was changed$/)
  const other = await forgedTrail(
    t,
    (lines) =>
      rewritten(lines, 0, (line) =>
        line.replace('"writer":"w"', '"writer":"v"').replace('-w.jsonl', '-v.jsonl'),
      ),
    '2026-11-21-v.jsonl',
  )
  assert.match(other.join(), /^2026-11-21-v\.jsonl:2: the checkpoint does not count/)
  // The last two bits of the last letter stand for nothing.
  const last = (lines: readonly string[]) =>
    rewritten(lines, lines.length - 1, (line) =>
      line.replace(
        /(.)"(?=,"prev")/,
        (_, letter: string) => `${String.fromCharCode(letter.charCodeAt(0) + 1)}"`,
      ),
    )
  assert.match((await forgedTrail(t, last)).join(), /the checkpoint does not count/)
})

test('written anew with the key itself: only what is known elsewhere tells', async (t) => {
  const trail = await trailIn(t)
  await trail.write('w', 10)
  const path = join(trail.directory, '2026-11-21-w.jsonl')
  await rm(path)
  const sink = await trail.open('w')
  for (let index = 0; index < 20; index++) await sink.record(issued(String(index)))
  await sink.close()
  assert.deepEqual(problemsOf(await verify(trail)), [])
  const before = { ...trail, anchors: trail.anchors.slice(0, 2) }
  assert.match(
    problemsOf(await verified(before)).join(),
    /^2026-11-21-w\.jsonl:1: it is not the line that anchors:1 knows: the chain was written anew$/,
  )
})

test('a renamed file is not what its first line says', async (t) => {
  const trail = await trailIn(t)
  await trail.write('w', 10)
  await rename(join(trail.directory, '2026-11-21-w.jsonl'), join(trail.directory, '2026-11-20-w.jsonl'))
  assert.match(
    problemsOf(await verify(trail)).join(),
    /^2026-11-20-w\.jsonl:1: this is the file 2026-11-21-w\.jsonl/,
  )
})

test('signed in time: at least every so many lines, and before lines that are too old', async (t) => {
  const trail = await trailIn(t)
  const sink = await trail.open('w')
  await Promise.all(
    Array.from({ length: 3 * SIGNED_LINES }, (_, index) => sink.record(issued(String(index)))),
  )
  trail.clock.now += DAY / 24
  await sink.record(issued('late'))
  await sink.close()
  const events =
    (await readFile(join(trail.directory, '2026-11-21-w.jsonl'), 'utf8')).match(/"event":"[a-z.]+"/g) ?? []
  const signed = events.flatMap((event, index) => (event.includes('checkpoint') ? [index + 1] : []))
  assert.deepEqual(signed, [2, 53, 104, 155, 157])
  assert.deepEqual(problemsOf(await verify(trail)), [])
})

test('a folder without a trail is nothing to verify', async (t) => {
  const trail = await trailIn(t)
  assert.deepEqual(await verify(trail), { chains: [], problems: [] })
  assert.deepEqual(await readdir(trail.directory), [])
  await assert.rejects(verifyTrail(join(trail.directory, 'none'), { keys: trail.keys, anchors: [] }), {
    code: 'AUDIT_UNAVAILABLE',
  })
})
