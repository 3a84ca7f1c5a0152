import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { AuditEvent, AuditSink } from '../../src/audit/event.ts'
import { issuerAnswers, issuerAt } from '../../src/cli/issuer-client.ts'
import { LONGEST_LINE } from '../../src/cli/issuer-message.ts'
import { issuerService } from '../../src/cli/issuer-service.ts'
import { listenForIssuing } from '../../src/cli/issuer-socket.ts'
import { SallyportError } from '../../src/errors.ts'
import type { Issuer, IssuerAnswer } from '../../src/http/issuer.ts'
import { newKeyPair } from '../../src/pki/key.ts'
import { readLedger } from '../../src/pki/ledger.ts'
import { newRequest } from '../../src/pki/new-request.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { offer } from '../../src/pki/token.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const UNAVAILABLE = { kind: 'refused', reason: 'issuer_unavailable' }
const INVALID = { kind: 'refused', reason: 'enrolment_token_invalid' }

interface Setting {
  readonly ca: TestAuthority
  readonly path: string
  readonly events: AuditEvent[]
  readonly problems: unknown[]
  readonly close: () => Promise<void>
}

/** An issuer that listens, over the CA of a test. */
async function setting(t: TestContext, record?: AuditSink['record']): Promise<Setting> {
  const directory = await temporaryDirectory(t)
  const ca = await testAuthority(directory)
  const [events, problems]: [AuditEvent[], unknown[]] = [[], []]
  const audit = { record: record ?? (async (event: AuditEvent) => void events.push(event)) }
  const onProblem = (error: unknown): void => void problems.push(error)
  const issuer = issuerService({ certs: ca.certs, signer: ca.issuer, audit, now: Date.now, onProblem })
  const path = join(directory, 'issuer.sock')
  const { close } = await listenForIssuing({ path, issuer, root: ca.rootPem })
  t.after(close)
  return { ca, path, events, problems, close }
}

async function tokenFor({ ca }: Setting, name = 'billing'): Promise<string> {
  const identity = { trustDomain: ca.trustDomain, kind: 'service', name } as const
  return (await offer(ca.certs, { identity, life: LIFETIME.client, ttl: 60_000 }, Date.now())).token
}

async function csr(): Promise<string> {
  return await newRequest(await newKeyPair())
}

function issuedIn(answer: IssuerAnswer) {
  assert.ok(answer.kind === 'issued', JSON.stringify(answer))
  return answer.issued
}

/** What comes back on a connection until it ends. */
async function sent(path: string, text: string): Promise<string> {
  const socket = connect({ path })
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString())).on('error', () => undefined)
  socket.write(text)
  await once(socket, 'close')
  return received
}

describe('the issuer at its socket', () => {
  it('enrols and renews, each on record before the answer', async (t) => {
    const here = await setting(t)
    const issuer = issuerAt(here.path)
    const token = await tokenFor(here)
    const enrolled = issuedIn(await issuer.enroll(token, await csr()))
    assert.deepEqual(await issuer.enroll(token, await csr()), INVALID)
    const renewed = issuedIn(await issuer.renew(enrolled.certificate, await csr()))
    assert.equal(renewed.principal, 'service:billing')
    assert.deepEqual(
      here.events.map((event) => 'serial' in event && [event.event, event.principal, event.serial]),
      [
        ['certificate.enrolled', 'service:billing', enrolled.serial],
        ['certificate.renewed', 'service:billing', renewed.serial],
      ],
    )
    assert.deepEqual(here.problems, [])
    assert.equal(await issuerAnswers(here.path), true)
  })

  it('is for its owner alone, or for a group', async (t) => {
    const here = await setting(t)
    assert.equal((await stat(here.path)).mode & 0o777, 0o600)
    const group = process.getgid?.() ?? 0
    const path = join(await temporaryDirectory(t), 'issuer.sock')
    const { close } = await listenForIssuing({
      path,
      group,
      issuer: issuerAt(here.path),
      root: here.ca.rootPem,
    })
    t.after(close)
    const { mode, gid } = await stat(path)
    assert.deepEqual([mode & 0o777, gid], [0o660, group])
  })

  it('gives nothing out that is not on the audit trail, and the token stays good', async (t) => {
    let full = true
    const here = await setting(t, async () => {
      if (full) throw new SallyportError('AUDIT_UNAVAILABLE', 'no room')
    })
    const issuer = issuerAt(here.path)
    const token = await tokenFor(here)
    assert.deepEqual(await issuer.enroll(token, await csr()), UNAVAILABLE)
    assert.match(String(here.problems[0]), /no room/)
    assert.equal((await readLedger(here.ca.files.ledger)).certificates.size, 3)
    full = false
    issuedIn(await issuer.enroll(token, await csr()))
  })

  it('gives nothing out while the ledger is damaged', async (t) => {
    const here = await setting(t)
    const token = await tokenFor(here)
    const before = await readFile(here.ca.files.ledger)
    await appendFile(here.ca.files.ledger, 'rubbish\n')
    assert.deepEqual(await issuerAt(here.path).enroll(token, await csr()), UNAVAILABLE)
    assert.match(String(here.problems[0]), /line 5 is damaged/)
    await writeFile(here.ca.files.ledger, before)
    issuedIn(await issuerAt(here.path).enroll(token, await csr()))
  })

  it('does not answer what is no request, nor read what is too long', async (t) => {
    const here = await setting(t)
    for (const text of [
      'rubbish\n',
      '\n',
      '{"id":1,"op":"sign"}\n',
      '[]\n',
      '{"id":1,"op":"root","more":1}\n',
    ])
      assert.equal(await sent(here.path, text), '', text)
    assert.equal(await sent(here.path, 'x'.repeat(LONGEST_LINE + 1)), '')
    assert.equal(await issuerAnswers(here.path), true)
  })

  it('answers several requests on one connection, in their order', async (t) => {
    const here = await setting(t)
    const socket = connect({ path: here.path })
    t.after(() => socket.destroy())
    let received = ''
    const both = new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        received += chunk.toString()
        if (received.split('\n').length === 3) resolve()
      })
    })
    socket.write('{"id":7,"op":"root"}\n{"id":8,"op":"root"}\n')
    await both
    assert.deepEqual(
      received
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: number }).id),
      [7, 8],
    )
  })

  it('finishes what it was asked before it ends', async (t) => {
    let recorded = (): void => undefined
    const onRecord = new Promise<void>((resolve) => (recorded = resolve))
    const here = await setting(t, async () => recorded())
    const answer = issuerAt(here.path).enroll(await tokenFor(here), await csr())
    await onRecord
    await here.close()
    issuedIn(await answer)
    assert.deepEqual(await issuerAt(here.path).enroll('any', 'thing'), UNAVAILABLE)
  })

  it('takes the place of one that is gone, and not of one that lives', async (t) => {
    const here = await setting(t)
    const options = { path: here.path, issuer: issuerAt(here.path), root: here.ca.rootPem }
    await assert.rejects(listenForIssuing(options), /an issuer listens at .*issuer\.sock already/)
    assert.equal(await issuerAnswers(here.path), true)
    const path = join(await temporaryDirectory(t), 'dead.sock')
    const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
    await once(spawn(process.execPath, ['-e', script, path]), 'exit')
    assert.equal((await stat(path)).isSocket(), true)
    const { close } = await listenForIssuing({ ...options, path })
    t.after(close)
    assert.equal(await issuerAnswers(path), true)
  })

  it('says so when the path is too long, or is something else', async (t) => {
    const here = await setting(t)
    const options = { issuer: issuerAt(here.path), root: here.ca.rootPem }
    const directory = await temporaryDirectory(t)
    await assert.rejects(
      listenForIssuing({ ...options, path: join(directory, 'x'.repeat(100)) }),
      /is too long for a Unix socket/,
    )
    const path = join(directory, 'file')
    await writeFile(path, 'a file of somebody')
    await assert.rejects(listenForIssuing({ ...options, path }), /cannot be listened at/)
    assert.equal(await readFile(path, 'utf8'), 'a file of somebody')
  })
})

describe('asking an issuer', () => {
  it('that is not there, is unavailable', async (t) => {
    const issuer = issuerAt(join(await temporaryDirectory(t), 'none.sock'))
    assert.deepEqual(await issuer.renew('any', 'thing'), UNAVAILABLE)
    assert.deepEqual(await issuer.enroll('any', 'thing'), UNAVAILABLE)
  })

  it('that says something else, nothing, or what nobody asked, is unavailable', async (t) => {
    const path = join(await temporaryDirectory(t), 'issuer.sock')
    let says = ''
    const server = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => socket.write(says))
    }).listen(path)
    t.after(() => server.close())
    await once(server, 'listening')
    const issuer: Issuer = issuerAt(path, { connect: 1000, answer: 50 })
    const answers = [
      'rubbish\n',
      '{"id":2,"kind":"refused","reason":"rate_limited"}\n',
      '{"id":1,"kind":"refused","reason":"because"}\n',
      '{"id":1,"kind":"issued"}\n',
      '{"id":1,"kind":"root","certificate":"x"}\n',
      'x'.repeat(LONGEST_LINE + 1),
      '',
    ]
    for (const answer of answers) {
      says = answer
      assert.deepEqual(await issuer.renew('any', 'thing'), UNAVAILABLE, answer.slice(0, 80))
    }
    says = '{"id":1,"kind":"refused","reason":"rate_limited"}\n'
    assert.deepEqual(await issuer.renew('any', 'thing'), { kind: 'refused', reason: 'rate_limited' })
  })

  it('a hundred times at once with one token, by four issuers over one ledger, gives one certificate', async (t) => {
    const here = await setting(t)
    const token = await tokenFor(here)
    const onProblem = (error: unknown): void => void here.problems.push(error)
    const audit = { record: async (event: AuditEvent) => void here.events.push(event) }
    const others = [1, 2, 3].map(() =>
      issuerService({ certs: here.ca.certs, signer: here.ca.issuer, audit, now: Date.now, onProblem }),
    )
    const issuers = [issuerAt(here.path), ...others]
    const requests = await Promise.all(Array.from({ length: 100 }, csr))
    const answers = await Promise.all(
      requests.map(
        async (request, index) => await (issuers[index % 4] ?? issuerAt('')).enroll(token, request),
      ),
    )
    assert.deepEqual(here.problems, [])
    assert.equal(answers.filter(({ kind }) => kind === 'issued').length, 1)
    assert.equal(
      answers.filter((answer) => 'reason' in answer && answer.reason === 'enrolment_token_invalid').length,
      99,
    )
    assert.equal(here.events.length, 1)
  })
})
