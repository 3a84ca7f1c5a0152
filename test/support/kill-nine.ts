import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { clientFiles } from '../../src/pki/files.ts'
import { readLedger } from '../../src/pki/ledger.ts'
import { readLists, resignRevocationLists } from '../../src/pki/resign.ts'
import type { TestAuthority } from './certificates.ts'

const WORKER = fileURLToPath(new URL('./issuing-worker.ts', import.meta.url))

/** What happened over all kills, so that a test can see that it tested something. */
export interface Killed {
  /** Certificates and revocations that a worker was told were done. */
  readonly issued: number
  readonly revoked: number
  /** Last lines that were cut short. */
  readonly torn: number
}

/**
 * Kills (SIGKILL) a process that issues and revokes, `times` times, each at another moment, and checks after each that
 * everything is whole. A seed gives the same moments again, as far as the machine is as fast.
 */
export async function killInTheMiddle(ca: TestAuthority, times: number, seed: number): Promise<Killed> {
  const random = randomFrom(seed)
  const sum = { issued: 0, revoked: 0, torn: 0 }
  let listNumber = 0n
  for (let time = 0; time < times; time++) {
    const said = await runAndKill(ca.certs, `k${time}`, random() * 250)
    const ledger = await readFile(ca.files.ledger, 'utf8')
    if (!ledger.endsWith('\n')) sum.torn += 1
    const done = (what: string): string[] =>
      said.flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(what.length + 1)] : []))
    await assertWhole(ca, done('issued'), done('revoked'))
    listNumber = await assertListed(ca, listNumber)
    sum.issued += done('issued').length
    sum.revoked += done('revoked').length
  }
  return sum
}

/** Every line that the worker printed before it was killed, so many ms after it began. */
async function runAndKill(certs: string, prefix: string, after: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [WORKER, certs, prefix], { stdio: ['ignore', 'pipe', 'pipe'] })
  const errors: string[] = []
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
  const lines: string[] = []
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const closed = once(output, 'close')
  const ended = once(child, 'exit')
  await Promise.race([once(output, 'line'), ended])
  await wait(after)
  child.kill('SIGKILL')
  await ended
  await closed
  assert.equal(child.signalCode, 'SIGKILL', errors.join(''))
  return lines
}

async function assertWhole(
  ca: TestAuthority,
  issued: readonly string[],
  revoked: readonly string[],
): Promise<void> {
  const { certificates } = await readLedger(ca.files.ledger)
  for (const serial of issued) assert.ok(certificates.has(serial), `${serial} was given out and is not known`)
  for (const serial of revoked) assert.ok(certificates.get(serial)?.revoked, `${serial} is not revoked`)
  const names = await readdir(join(ca.certs, 'clients')).catch(() => [])
  // What begins with a dot was not finished, and nobody looks at it.
  for (const name of names.filter((entry) => !entry.startsWith('.'))) {
    const files = clientFiles(ca.certs, name)
    const certificate = new X509Certificate(await readFile(files.certificate))
    assert.equal(certificate.checkPrivateKey(createPrivateKey(await readFile(files.key))), true, name)
    assert.ok(certificates.has(certificate.serialNumber), `${name} is on disk and not in the ledger`)
  }
  // Two files: a pair may not match for a moment, but each is whole, and known.
  createPrivateKey(await readFile(ca.serverFiles.key))
  const server = new X509Certificate(await readFile(ca.serverFiles.certificate))
  assert.ok(certificates.has(server.serialNumber))
}

/** The list on disk verifies and is not older than `before`; the next one has every revocation of the ledger. */
async function assertListed(ca: TestAuthority, before: bigint): Promise<bigint> {
  const { issuing: found } = await readLists(ca.certs)
  assert.ok(found.list.number >= before, `${found.list.number} after ${before}`)
  await resignRevocationLists(ca.certs, Date.now())
  const { issuing: next } = await readLists(ca.certs)
  const { certificates } = await readLedger(ca.files.ledger)
  for (const { serial, revoked } of certificates.values())
    assert.equal(next.list.revoked.has(serial), revoked !== undefined, serial)
  return next.list.number
}

/** Numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
