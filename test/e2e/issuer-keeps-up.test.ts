import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { issueClient } from '../../src/pki/issue.ts'
import { appendToLedger, readLedger } from '../../src/pki/ledger.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { readLists } from '../../src/pki/resign.ts'
import { testAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const LAUNCHER = resolve(import.meta.dirname, '../../src/cli/launch.js')
const DAY = 86_400_000

test('an issuer that starts renews the server past half of its life, and lists what a crash left off', async (t) => {
  const cwd = await temporaryDirectory(t)
  const ca = await testAuthority(cwd, { now: Date.now() - 15.5 * DAY })
  await writeFile(join(cwd, 'sallyport.yaml'), 'trustDomain: sallyport.internal\n')
  const before = new X509Certificate(await readFile(ca.serverFiles.certificate)).serialNumber
  const identity = { trustDomain: ca.trustDomain, kind: 'service', name: 'billing' } as const
  const { entry } = await issueClient(ca.issuer, identity, LIFETIME.client, Date.now())
  await appendToLedger(ca.files.ledger, entry)
  // As if the process had died between the ledger and the list.
  await appendToLedger(ca.files.ledger, {
    v: 2,
    event: 'revoked',
    at: new Date().toISOString(),
    serials: [entry.serial],
    reason: 'keyCompromise',
    by: 'test',
  })

  const child = spawn(process.execPath, [LAUNCHER, 'issuer'], { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const log = createInterface({ input: child.stderr })
  const said = new Promise<void>((renewed) => {
    log.on('line', (line) => line.includes('renewed the certificate of the server') && renewed())
  })
  await said
  child.kill('SIGTERM')
  await once(child, 'exit')
  assert.equal(child.exitCode, 0)

  const after = new X509Certificate(await readFile(ca.serverFiles.certificate))
  assert.notEqual(after.serialNumber, before)
  assert.ok(after.validToDate.getTime() > Date.now() + 29 * DAY)
  const { certificates } = await readLedger(ca.files.ledger)
  assert.equal(certificates.get(after.serialNumber)?.parent, before)
  const { issuing } = await readLists(ca.certs)
  assert.deepEqual(issuing.list.revoked, new Set([entry.serial]))
})
