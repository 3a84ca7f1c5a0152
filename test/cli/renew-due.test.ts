import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { describe, it, type TestContext } from 'node:test'
import type { AuditEvent, AuditSink } from '../../src/audit/event.ts'
import { renewDue } from '../../src/cli/renew-due.ts'
import { isSallyportError, SallyportError } from '../../src/errors.ts'
import { readLedger } from '../../src/pki/ledger.ts'
import { revoke } from '../../src/pki/revoke.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const HOUR = 3_600_000
const DAY = 24 * HOUR
const FRESH = { issuing: 'fresh', root: 'fresh' }

interface Trail extends AuditSink {
  readonly events: AuditEvent[]
}

function trail(): Trail {
  const events: AuditEvent[] = []
  return { events, record: async (event) => void events.push(event) }
}

async function authority(t: TestContext): Promise<TestAuthority> {
  return await testAuthority(await temporaryDirectory(t), { now: NOW })
}

describe('renewing what is due', () => {
  it('does nothing while nothing is due, and passes over what is not there', async (t) => {
    const { certs, ...ca } = await authority(t)
    await ca.writeClient('demo')
    const audit = trail()
    const renewals = await renewDue(['demo', 'nobody'], { certs, audit, now: NOW + HOUR })
    assert.deepEqual(renewals, { server: false, clients: [], problems: [], revocationLists: FRESH })
    assert.deepEqual(audit.events, [])
    await rm(ca.serverFiles.directory, { recursive: true })
    assert.equal((await renewDue([], { certs, audit, now: NOW + HOUR })).server, false)
  })

  it('renews the named clients that are due, on record, and no others', async (t) => {
    const { certs, ...ca } = await authority(t)
    const demo = await ca.writeClient('demo', 'good', 'agent')
    const other = await ca.writeClient('other')
    const before = await readFile(other.certificate, 'utf8')
    const audit = trail()
    const renewals = await renewDue(['demo'], { certs, audit, now: NOW + 20 * HOUR })
    assert.deepEqual(renewals.clients, ['demo'])
    const { serialNumber } = new X509Certificate(await readFile(demo.certificate))
    assert.equal(audit.events.length, 1)
    const [event] = audit.events
    assert.ok(event?.event === 'certificate.renewed')
    assert.deepEqual([event.principal, event.serial], ['agent:demo', serialNumber])
    assert.equal(await readFile(other.certificate, 'utf8'), before)
  })

  it('after a month off renews everything', async (t) => {
    const { certs, ...ca } = await authority(t)
    await ca.writeClient('demo')
    await ca.writeClient('admin-cli')
    const audit = trail()
    assert.deepEqual(await renewDue(['demo', 'admin-cli'], { certs, audit, now: NOW + 31 * DAY }), {
      server: true,
      clients: ['demo', 'admin-cli'],
      problems: [],
      revocationLists: { issuing: 'signed', root: 'fresh' },
    })
    assert.deepEqual(
      audit.events.map((event) => event.event === 'certificate.renewed' && event.principal),
      ['server', 'service:demo', 'service:admin-cli'],
    )
  })

  it('replaces a certificate of the server that is revoked, by one that is no descendant of it', async (t) => {
    const { certs, ...ca } = await authority(t)
    const revoked = new X509Certificate(await readFile(ca.serverFiles.certificate)).serialNumber
    await revoke(certs, { selection: { serial: revoked }, reason: 'keyCompromise', by: 'test' }, NOW)
    const names = async (): Promise<string | undefined> =>
      new X509Certificate(await readFile(ca.serverFiles.certificate)).subjectAltName
    const before = await names()
    assert.equal((await renewDue([], { certs, audit: trail(), now: NOW })).server, true)
    const { serialNumber } = new X509Certificate(await readFile(ca.serverFiles.certificate))
    assert.equal(await names(), before)
    const entry = (await readLedger(ca.files.ledger)).certificates.get(serialNumber)
    assert.deepEqual([entry?.parent, entry?.revoked, entry?.lineage], [undefined, undefined, serialNumber])
    assert.equal((await renewDue([], { certs, audit: trail(), now: NOW })).server, false)
  })

  it('repairs a pair that does not belong together', async (t) => {
    const { certs, ...ca } = await authority(t)
    await writeFile(ca.serverFiles.key, (await ca.client('other')).key)
    assert.equal((await renewDue([], { certs, audit: trail(), now: NOW })).server, true)
    assert.equal((await renewDue([], { certs, audit: trail(), now: NOW })).server, false)
  })

  it('names a client that is revoked, and renews the rest', async (t) => {
    const { certs, ...ca } = await authority(t)
    await ca.writeClient('demo', 'revoked')
    await ca.writeClient('admin-cli')
    const renewals = await renewDue(['demo', 'admin-cli'], { certs, audit: trail(), now: NOW + 20 * HOUR })
    assert.deepEqual(renewals.clients, ['admin-cli'])
    assert.match(renewals.problems.join('\n'), /demo\/client\.pem is revoked, so it is not renewed/)
  })

  it('renews the server at half of its life, two weeks before anybody is warned', async (t) => {
    const { certs } = await authority(t)
    const at = async (now: number): Promise<boolean> =>
      (await renewDue([], { certs, audit: trail(), now })).server
    assert.equal(await at(NOW + 14.9 * DAY), false)
    assert.equal(await at(NOW + 15 * DAY), true)
  })

  it('names a server of another CA, and renews the rest', async (t) => {
    const { certs, ...ca } = await authority(t)
    const { server } = await authority(t)
    await ca.writeClient('demo')
    await writeFile(ca.serverFiles.certificate, server.cert)
    await writeFile(ca.serverFiles.key, server.key)
    const renewals = await renewDue(['demo'], { certs, audit: trail(), now: NOW + 20 * DAY })
    assert.deepEqual([renewals.server, renewals.clients], [false, ['demo']])
    assert.match(
      renewals.problems.join('\n'),
      /server\.pem was not issued by the CA here, so it is not renewed/,
    )
  })

  it('renews nothing that cannot be put on record', async (t) => {
    const { certs, ...ca } = await authority(t)
    const before = await readFile(ca.serverFiles.certificate, 'utf8')
    const audit = { record: async () => Promise.reject(new SallyportError('AUDIT_UNAVAILABLE', 'disk full')) }
    await assert.rejects(renewDue([], { certs, audit, now: NOW + 29 * DAY }), (error) =>
      isSallyportError(error, 'AUDIT_UNAVAILABLE'),
    )
    assert.equal(await readFile(ca.serverFiles.certificate, 'utf8'), before)
  })
})
