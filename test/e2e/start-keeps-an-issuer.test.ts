import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { issuerAnswers } from '../../src/cli/issuer-client.ts'
import { sallyport, serving, type Served } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'

let cwd: string
let served: Served
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-issuer-'))
  served = await serving('start', { cwd })
})
after(async () => {
  await served.stop('SIGKILL')
  await rm(cwd, { recursive: true, force: true, maxRetries: 10 })
})

const socket = (): string => join(cwd, 'data/issuer.sock')

/** The process that listens as issuer, by the kernel's list of children. */
async function issuerOf({ process: { pid } }: Served): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const [child = ''] = children.trim().split(' ')
  assert.match(child, /^[0-9]+$/, 'start has an issuer')
  return Number(child)
}

/** Asks again until it is so; the test's own time limit ends it otherwise. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(20)
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a started server enrols and renews at once, and a revoked certificate is renewed no more', async () => {
  const at = (port: number): string => `https://localhost:${port}`
  const token = await inProcess(['cert', 'token', 'billing', '--role', 'reader'], { cwd })
  const dir = join(cwd, 'elsewhere')
  const enrolled = await inProcess(['enroll', at(served.ports.people), '--dir', dir], {
    cwd,
    input: token.stdout,
  })
  assert.equal(enrolled.code, 0, enrolled.stderr)
  const renew = async () =>
    sallyport(['cert', 'renew', 'billing', '--dir', dir, '--force', '--url', at(served.ports.certificates)], {
      cwd,
    })
  assert.equal((await renew()).code, 0)
  assert.equal((await inProcess(['cert', 'revoke', 'billing'], { cwd })).code, 0)
  const refused = await renew()
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /is revoked/)
})

test('an issuer that is killed is started again, and the log says so', async () => {
  const pid = await issuerOf(served)
  process.kill(pid, 'SIGKILL')
  await served.logged(/the issuer ended \(SIGKILL\); it is started again in \d+ s$/)
  await until(() => !lives(pid))
  await until(async () => await issuerAnswers(socket()))
  assert.notEqual(await issuerOf(served), pid)
})

test('a second start uses the issuer that is there, and leaves it there', async () => {
  const pid = await issuerOf(served)
  const second = await serving('start', { cwd })
  assert.equal(await second.stop(), 0)
  assert.equal(lives(pid), true)
  assert.equal(await issuerAnswers(socket()), true)
})

test('the issuer ends with its server, also when that is killed', async () => {
  const pid = await issuerOf(served)
  await served.stop('SIGKILL')
  await until(() => !lives(pid))
  served = await serving('start', { cwd })
  const next = await issuerOf(served)
  assert.equal(await served.stop(), 0)
  assert.equal(lives(next), false)
  assert.equal(existsSync(socket()), false)
})
