import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import type { RequestRefused } from '../../src/audit/event.ts'
import { fileAuditSink } from '../../src/audit/sink.ts'
import type { FileAuditSink } from '../../src/audit/sink.ts'
import { issued } from '../support/audit-events.ts'
import { verifyChain } from '../support/chain.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOON = Date.UTC(2026, 10, 21, 12)
const FILE = '2026-11-21-w.jsonl'

interface Kept {
  readonly sink: FileAuditSink
  readonly directory: string
  readonly clock: { now: number }
}

const LINUX = process.platform === 'linux' ? {} : { skip: 'asks the Linux kernel' }

async function kept(t: TestContext): Promise<Kept> {
  const directory = join(await temporaryDirectory(t), 'data', 'audit')
  const clock = { now: NOON }
  const sink = await fileAuditSink({ directory, writer: 'w', now: () => clock.now })
  t.after(() => sink.close())
  return { sink, directory, clock }
}

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

function serialsOf(path: string): string[] {
  return linesOf(path).map((line) => String(JSON.parse(line).serial))
}

/** How often this process has written anything. */
function writes(): number {
  return Number(/syscw: ([0-9]+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

test('records that come together go to the disk together', LINUX, async (t) => {
  const { sink } = await kept(t)
  await sink.record(issued('first'))
  const before = writes()
  await Promise.all(Array.from({ length: 500 }, (_, index) => sink.record(issued(String(index)))))
  assert.ok(writes() - before < 50, `${writes() - before} writes for 500 records`)
})

test('many records at once are written in order and as one chain', async (t) => {
  const { sink, directory } = await kept(t)
  const serials = Array.from({ length: 500 }, (_, index) => String(index))
  await Promise.all(serials.map((serial) => sink.record(issued(serial))))
  assert.deepEqual(serialsOf(join(directory, FILE)), serials)
  const verdict = verifyChain(linesOf(join(directory, FILE)))
  assert.ok(verdict.ok)
  assert.equal(verdict.end.seq, 500)
})

test('a record is in the file when its promise resolves', async (t) => {
  const { sink, directory } = await kept(t)
  await sink.record(issued('first'))
  const reader = openSync(join(directory, FILE), 'r')
  t.after(() => closeSync(reader))
  let position = linesOf(join(directory, FILE)).join('\n').length + 1
  const seen = async (serial: string): Promise<void> => {
    await sink.record(issued(serial))
    const buffer = Buffer.alloc(65_536)
    const length = readSync(reader, buffer, 0, buffer.length, position)
    position += length
    assert.ok(buffer.subarray(0, length).toString().includes(`"serial":"${serial}"`))
  }
  for (const serial of ['a', 'b', 'c']) await seen(serial)
})

test('ASVS 16.4.2: file and folder are for the owner only', async (t) => {
  const { sink, directory } = await kept(t)
  await sink.record(issued('1'))
  assert.equal((await stat(join(directory, FILE))).mode & 0o777, 0o600)
  assert.equal((await stat(directory)).mode & 0o777, 0o700)
})

test('a new day gets a new file, and the chain runs on', async (t) => {
  const { sink, directory, clock } = await kept(t)
  const before = sink.record(issued('1'))
  clock.now += 86_400_000
  await Promise.all([before, sink.record(issued('2'))])
  const first = verifyChain(linesOf(join(directory, FILE)))
  assert.ok(first.ok)
  const second = verifyChain(linesOf(join(directory, '2026-11-22-w.jsonl')), first.end)
  assert.ok(second.ok)
  assert.equal(second.end.seq, 2)
})

test('a clock that goes back keeps the chain in the file of the later day', async (t) => {
  const { sink, directory, clock } = await kept(t)
  await sink.record(issued('1'))
  clock.now -= 86_400_000
  await sink.record(issued('2'))
  assert.deepEqual(serialsOf(join(directory, FILE)), ['1', '2'])
  assert.deepEqual(await readdir(directory), [FILE])
})

test('without a place to write every record is refused, and the next one after the repair is written', async (t) => {
  const { sink, directory } = await kept(t)
  await mkdir(join(directory, FILE))
  const refused = await Promise.allSettled(['1', '2'].map((serial) => sink.record(issued(serial))))
  for (const outcome of refused) {
    assert.ok(outcome.status === 'rejected')
    assert.equal(outcome.reason.code, 'AUDIT_UNAVAILABLE')
  }
  assert.equal(sink.healthy(), false)
  await rmdir(join(directory, FILE))
  await sink.record(issued('3'))
  assert.equal(sink.healthy(), true)
  assert.deepEqual(serialsOf(join(directory, FILE)), ['3'])
  assert.ok(verifyChain(linesOf(join(directory, FILE))).ok, 'refused events leave no gap')
})

test('a file that exists already is not written to', async (t) => {
  const { sink, directory } = await kept(t)
  await writeFile(join(directory, FILE), 'foreign\n')
  await assert.rejects(sink.record(issued('1')), { code: 'AUDIT_UNAVAILABLE', message: /EEXIST/ })
  assert.equal(await readFile(join(directory, FILE), 'utf8'), 'foreign\n')
})

test('a folder that cannot be made is refused at the start', async (t) => {
  const { directory } = await kept(t)
  await writeFile(join(directory, 'file'), '')
  const inFile = join(directory, 'file', 'audit')
  await assert.rejects(fileAuditSink({ directory: inFile, writer: 'w', now: () => NOON }), {
    code: 'AUDIT_UNAVAILABLE',
  })
})

test('a file that is deleted under a running server is replaced by one with a name', async (t) => {
  const { sink, directory } = await kept(t)
  await sink.record(issued('1'))
  await unlink(join(directory, FILE))
  await sink.record(issued('2'))
  assert.deepEqual(serialsOf(join(directory, FILE)), ['2'])
  assert.equal(
    verifyChain(linesOf(join(directory, FILE))).ok,
    false,
    'and the chain tells that something is gone',
  )
})

test(
  'a disk that fills up in the middle of a line leaves no half line, and the chain goes on',
  LINUX,
  async (t) => {
    const { directory } = await kept(t)
    // The limit on file sizes stands for the full disk: the kernel writes what fits, then fails. It is lifted later.
    const script = `
    const { execFileSync } = await import('node:child_process')
    const { readFileSync } = await import('node:fs')
    const { fileAuditSink } = await import(${JSON.stringify(new URL('../../src/audit/sink.ts', import.meta.url).href)})
    const sink = await fileAuditSink({ directory: process.argv[1], writer: 'w', now: () => ${NOON} })
    const event = (serial) => ({ event: 'certificate.issued', principal: 'service:demo', serial, credential: 'x', expiresAt: '' })
    const outcomes = []
    for (let n = 0; n < 40; n++) outcomes.push(await sink.record(event(String(n))).then(() => n, (error) => error.code))
    const torn = readFileSync(process.argv[1] + '/${FILE}', 'utf8')
    execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited'])
    outcomes.push(await sink.record(event('after')).then(() => 'after', (error) => error.code))
    await sink.close()
    console.log(JSON.stringify({ outcomes, torn }))`
    const limited = 'trap "" XFSZ; ulimit -S -f 8; exec "$0" "$@"'
    const node = [process.execPath, '--input-type=module', '-e', script, '--', directory]
    const { stdout } = await promisify(execFile)('sh', ['-c', limited, ...node])
    const { outcomes, torn }: { outcomes: unknown[]; torn: string } = JSON.parse(stdout)
    const written = outcomes.filter((outcome) => outcome !== 'AUDIT_UNAVAILABLE').map(String)
    assert.ok(written.length > 5 && written.length < 40, 'some were written, some were not')
    assert.equal(written.at(-1), 'after')
    assert.ok(torn.endsWith('\n'), 'the half line was taken back at once')
    assert.deepEqual(serialsOf(join(directory, FILE)), written)
    assert.ok(verifyChain(linesOf(join(directory, FILE))).ok)
  },
)

test('more than ten thousand waiting events are refused, not kept', async (t) => {
  const { sink } = await kept(t)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10_100 }, (_, index) => sink.record(issued(String(index)))),
  )
  assert.equal(outcomes.filter(({ status }) => status === 'rejected').length, 100)
})

test('close writes what waits, and afterwards records are refused', async (t) => {
  const { sink, directory } = await kept(t)
  const pending = sink.record(issued('1'))
  await sink.close()
  await pending
  assert.deepEqual(serialsOf(join(directory, FILE)), ['1'])
  await assert.rejects(sink.record(issued('2')), { code: 'AUDIT_UNAVAILABLE' })
})

test('refusals of strangers stay out of the chain', async (t) => {
  const { sink, directory } = await kept(t)
  const refused: RequestRefused = {
    event: 'request.refused',
    requestId: 'r',
    layer: 'http',
    reason: 'no_credential',
    detail: null,
    address: '192.0.2.1',
  }
  await sink.record(refused)
  await sink.close()
  assert.deepEqual(await readdir(directory), ['anonymous-w.jsonl'])
})
