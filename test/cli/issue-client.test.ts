import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { grantsOf, parseAccessDocument } from '../../src/access/document.ts'
import type { AuditEvent, AuditSink } from '../../src/audit/event.ts'
import { issueClientCertificate, type ClientIssuing, type ClientRequest } from '../../src/cli/issue-client.ts'
import { isSallyportError, SallyportError, type SallyportErrorCode } from '../../src/errors.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const BILLING: ClientRequest = {
  name: 'billing',
  kind: 'service',
  roles: ['reader'],
  life: LIFETIME.client,
  existing: false,
}

interface Place {
  readonly ca: TestAuthority
  readonly where: ClientIssuing
  readonly events: AuditEvent[]
  policy(): Promise<string>
}

/** A CA and an access policy in a directory, and a trail that can be read. */
async function place(t: TestContext, audit?: AuditSink): Promise<Place> {
  const directory = await temporaryDirectory(t)
  const ca = await testAuthority(directory, { now: NOW })
  const access = join(directory, 'access.yaml')
  await writeFile(access, defaultAccessDocument())
  const events: AuditEvent[] = []
  const sink: AuditSink = { record: async (event) => void events.push(event) }
  const where = { certs: ca.certs, access, trustDomain: ca.trustDomain, audit: audit ?? sink, now: NOW }
  return { ca, where, events, policy: async () => await readFile(access, 'utf8') }
}

async function rolesOf({ policy }: Place, principal: string): Promise<readonly string[]> {
  return grantsOf(parseAccessDocument(await policy(), 'access.yaml'), principal).flatMap(({ roles }) => roles)
}

async function clients({ ca }: Place): Promise<readonly string[]> {
  return await readdir(join(ca.certs, 'clients')).catch(() => [])
}

async function refused(work: Promise<unknown>, code: SallyportErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => isSallyportError(error, code) && message.test(error.message))
}

describe('issuing to a client', () => {
  it('writes the pair, grants the roles and records it, all about the same certificate', async (t) => {
    const here = await place(t)
    const { principal, uri, files, issued } = await issueClientCertificate(BILLING, here.where)
    const certificate = new X509Certificate(await readFile(files.certificate))
    assert.equal(principal, 'service:billing')
    assert.equal(certificate.subjectAltName, `URI:${uri}`)
    assert.deepEqual(await rolesOf(here, 'service:billing'), ['reader'])
    assert.deepEqual(here.events, [
      {
        event: 'certificate.issued',
        principal: 'service:billing',
        serial: certificate.serialNumber,
        credential: issued.entry.thumbprint,
        expiresAt: '2026-11-22T10:00:00.000Z',
      },
    ])
    assert.match(await readFile(here.ca.files.ledger, 'utf8'), new RegExp(certificate.serialNumber))
  })

  it('grants nothing where no role is asked for', async (t) => {
    const here = await place(t)
    const before = await here.policy()
    await issueClientCertificate({ ...BILLING, roles: [] }, here.where)
    assert.equal(await here.policy(), before)
    assert.deepEqual(await clients(here), ['billing'])
  })

  it('lives as long as it was asked to, and no longer than 90 days', async (t) => {
    const here = await place(t)
    const life = LIFETIME.longestClient
    const { issued } = await issueClientCertificate({ ...BILLING, life }, here.where)
    assert.equal(issued.expiresAt, NOW + life)
    for (const wrong of [life + 1, LIFETIME.shortestClient - 1, 0, -1, Number.NaN, Infinity])
      await refused(
        issueClientCertificate({ ...BILLING, name: 'other', life: wrong }, here.where),
        'CERTIFICATE_INVALID',
        /between one minute and 90 days/,
      )
  })
})

describe('issuing to a client is refused, and leaves nothing behind,', () => {
  const cases: readonly (readonly [what: string, Partial<ClientRequest>, SallyportErrorCode, RegExp])[] = [
    ['for a name that is none', { name: '../../etc' }, 'NAME_INVALID', /path separator.*"etc" would do/],
    [
      'for a role that does not exist',
      { roles: ['reader', 'boss'] },
      'NOT_FOUND',
      /"boss".*guest, reader, user, admin/,
    ],
  ]
  for (const [what, change, code, message] of cases)
    it(what, async (t) => {
      const here = await place(t)
      const before = await here.policy()
      await refused(issueClientCertificate({ ...BILLING, ...change }, here.where), code, message)
      assert.equal(await here.policy(), before)
      assert.deepEqual(await clients(here), [])
      assert.deepEqual(here.events, [])
    })

  it('for a name that has a certificate', async (t) => {
    const here = await place(t)
    const { files } = await issueClientCertificate(BILLING, here.where)
    const before = await readFile(files.certificate, 'utf8')
    await refused(
      issueClientCertificate({ ...BILLING, existing: true }, here.where),
      'FILE_EXISTS',
      /choose another name, or remove that directory/,
    )
    assert.equal(await readFile(files.certificate, 'utf8'), before)
    assert.equal(here.events.length, 1)
  })

  it('for a name that still has grants, unless it is said to be the same client', async (t) => {
    const here = await place(t)
    const { files } = await issueClientCertificate(BILLING, here.where)
    await rm(files.directory, { recursive: true })
    const again = { ...BILLING, roles: ['user'] }
    await refused(
      issueClientCertificate(again, here.where),
      'NAME_TAKEN',
      /still has grants.*reader.*--existing/,
    )
    assert.deepEqual(await clients(here), [])
    await issueClientCertificate({ ...again, existing: true }, here.where)
    assert.deepEqual((await rolesOf(here, 'service:billing')).toSorted(), ['reader', 'user'])
  })

  it('without a policy, or with a broken one', async (t) => {
    const here = await place(t)
    await writeFile(here.where.access, 'version: 2\n')
    await refused(issueClientCertificate(BILLING, here.where), 'POLICY_INVALID', /version/)
    await rm(here.where.access)
    await refused(issueClientCertificate(BILLING, here.where), 'NOT_FOUND', /access\.yaml/)
    assert.deepEqual(await clients(here), [])
  })

  it('without the key of the issuing CA', async (t) => {
    const here = await place(t)
    const before = await here.policy()
    await rm(here.ca.files.issuingKey)
    await refused(issueClientCertificate(BILLING, here.where), 'NOT_FOUND', /issuing\.key\.pem/)
    assert.equal(await here.policy(), before)
    assert.deepEqual(await clients(here), [])
  })

  it('while the audit trail cannot be written', async (t) => {
    const down: AuditSink = {
      record: async () => Promise.reject(new SallyportError('AUDIT_UNAVAILABLE', 'disk full')),
    }
    const here = await place(t, down)
    const before = await here.policy()
    await refused(issueClientCertificate(BILLING, here.where), 'AUDIT_UNAVAILABLE', /disk full/)
    assert.equal(await here.policy(), before)
    assert.deepEqual(await clients(here), [])
  })

  it('when the policy changes under it so that the grant cannot be written', async (t) => {
    let breakPolicy = async (): Promise<void> => {}
    const here = await place(t, { record: async () => await breakPolicy() })
    breakPolicy = async () => await writeFile(here.where.access, 'version: 2\n')
    await refused(issueClientCertificate(BILLING, here.where), 'POLICY_INVALID', /version/)
    assert.deepEqual(await clients(here), [])
    assert.equal(await here.policy(), 'version: 2\n')
  })

  it('when somebody grants the name something between the look and the grant', async (t) => {
    let grant = async (): Promise<void> => {}
    const here = await place(t, { record: async () => await grant() })
    const other = (await here.policy()).replace(
      'grants: []',
      'grants:\n  - service: billing\n    roles: [ admin ]',
    )
    grant = async () => await writeFile(here.where.access, other)
    await refused(issueClientCertificate(BILLING, here.where), 'NAME_TAKEN', /admin/)
    assert.deepEqual(await clients(here), [])
  })

  it('when the certificate cannot be written: there is no grant either', async (t) => {
    const here = await place(t)
    const before = await here.policy()
    await writeFile(join(here.ca.certs, 'clients'), 'not a directory')
    await assert.rejects(issueClientCertificate(BILLING, here.where))
    assert.equal(await here.policy(), before)
  })

  it('when the ledger cannot be written: there is no grant either', async (t) => {
    const here = await place(t)
    const before = await here.policy()
    await rm(here.ca.files.ledger)
    await mkdir(here.ca.files.ledger)
    await assert.rejects(issueClientCertificate(BILLING, here.where))
    assert.equal(await here.policy(), before)
    assert.deepEqual(await clients(here), [])
  })
})

describe('issuing to one name many times at once', () => {
  it('succeeds exactly once, with one pair and one grant', async (t) => {
    const here = await place(t)
    const attempts = Array.from({ length: 6 }, async () => await issueClientCertificate(BILLING, here.where))
    const outcomes = await Promise.allSettled(attempts)
    const [won, ...more] = outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' ? [outcome.value] : [],
    )
    assert.equal(more.length, 0)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') {
        const { reason } = outcome
        assert.ok(
          isSallyportError(reason, 'FILE_EXISTS') || isSallyportError(reason, 'NAME_TAKEN'),
          String(reason),
        )
      }
    assert.ok(won)
    assert.equal(await readFile(won.files.certificate, 'utf8'), won.issued.certificate)
    assert.equal(await readFile(won.files.key, 'utf8'), won.issued.key)
    assert.deepEqual(await clients(here), ['billing'])
    assert.deepEqual(await rolesOf(here, 'service:billing'), ['reader'])
  })

  it('keeps all grants when many names are issued at once', async (t) => {
    const here = await place(t)
    const names = Array.from({ length: 8 }, (_, index) => `client-${index}`)
    await Promise.all(
      names.map(async (name) => await issueClientCertificate({ ...BILLING, name }, here.where)),
    )
    for (const name of names) assert.deepEqual(await rolesOf(here, `service:${name}`), ['reader'])
    assert.deepEqual((await clients(here)).toSorted(), names)
    assert.ok(existsSync(here.ca.files.ledger))
  })
})
