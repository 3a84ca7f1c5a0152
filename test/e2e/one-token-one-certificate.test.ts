import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask } from '../support/clients.ts'
import { serving } from '../support/command.ts'
import { keyAndRequest } from '../support/enrolled.ts'
import { inProcess } from '../support/in-process.ts'

test('a hundred uses of one token at once, by servers and an issuer that are processes, give one certificate', async (t) => {
  const cwd = await mkdtemp(join(tmpdir(), 'sallyport-token-'))
  const served = await serving('start', { cwd })
  t.after(async () => {
    await served.stop('SIGKILL')
    await rm(cwd, { recursive: true, force: true, maxRetries: 10 })
  })
  const offered = await inProcess(['cert', 'token', 'raced', '--role', 'reader'], { cwd })
  const token = offered.stdout.trim()
  const ca = await readFile(join(cwd, 'certs/ca/root.pem'), 'utf8')
  const use = async (address: number): Promise<number> => {
    const { csr } = await keyAndRequest()
    const { status } = await ask({
      port: served.ports.people,
      ca,
      path: '/pki/enroll',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, csr }),
      // The door counts by address.
      localAddress: `127.3.0.${1 + (address % 10)}`,
    })
    return status
  }
  const statuses = await Promise.all(Array.from({ length: 100 }, async (_, address) => use(address)))
  assert.equal(statuses.filter((status) => status === 200).length, 1)
  assert.equal(statuses.filter((status) => status === 401).length, 99)

  const audit = join(cwd, 'data/audit')
  const trails = await Promise.all(
    (await readdir(audit)).map(async (file) => readFile(join(audit, file), 'utf8')),
  )
  const enrolled = trails.join('').match(/"event":"certificate\.enrolled"/g)
  assert.equal(enrolled?.length, 1)
  const secrets = [...trails, await readFile(join(cwd, 'certs/ca/ledger.jsonl'), 'utf8'), ...served.log].join(
    '\n',
  )
  assert.ok(!secrets.includes(token.slice(4, 47)), 'the token is on no record')
})
