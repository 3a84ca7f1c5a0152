import assert from 'node:assert/strict'
import { appendFile, copyFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { serving } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** `npm start` in a folder that is whole, but for what keeps the CA from issuing: serves, and says so. */
async function startsWarned(cwd: string, warning: RegExp): Promise<void> {
  const served = await serving('start', { cwd })
  try {
    assert.match(served.lines.join('\n'), warning)
  } finally {
    // Before its folder goes.
    await served.stop()
  }
}

async function done(args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<void> {
  const { code, stderr } = await inProcess(args, { cwd, env })
  assert.equal(code, 0, stderr)
}

test('a damaged ledger keeps nobody from being served', async (t) => {
  const cwd = await temporaryDirectory(t)
  await done(['init'], cwd)
  await appendFile(join(cwd, 'certs/ca/ledger.jsonl'), 'damaged\n')
  await startsWarned(cwd, /^warning .*ledger\.jsonl: line \d+ is damaged/m)
})

test('an encrypted key without its passphrase keeps nobody from being served, whatever is due or missing', async (t) => {
  const cwd = await temporaryDirectory(t)
  await writeFile(join(cwd, 'passphrase'), 'correct horse battery\n', { mode: 0o600 })
  const env = { SALLYPORT_CA_PASSPHRASE_FILE: join(cwd, 'passphrase') }
  await done(['init-ca', '--encrypt'], cwd, env)
  await done(['init'], cwd, env)
  const clients = join(cwd, 'certs/clients')
  // A key that does not match makes it due.
  await copyFile(join(clients, 'admin-cli/client.key.pem'), join(clients, 'demo/client.key.pem'))
  await startsWarned(cwd, /^warning .*nobody can be asked for the passphrase/m)
  await rm(clients, { recursive: true })
  await startsWarned(cwd, /^warning .*nobody can be asked for the passphrase/m)
})

test('an issuing key that is elsewhere keeps nobody from being served, and it is said that there is no issuer', async (t) => {
  const cwd = await temporaryDirectory(t)
  await done(['init'], cwd)
  await rm(join(cwd, 'certs/ca/issuing.key.pem'))
  const served = await serving('start', { cwd })
  try {
    await served.logged(/no issuer runs, since .*issuing\.key\.pem is not here: .*"npx sallyport issuer"/)
    const env = { SALLYPORT_PORT: String(served.ports.certificates) }
    const renewed = await inProcess(['cert', 'renew', 'demo', '--force'], { cwd, env })
    assert.match(renewed.stderr, /\(503\): .*see that "npx sallyport issuer" runs/)
    const issued = await inProcess(['issue-client-cert', 'billing'], { cwd })
    assert.equal(issued.code, 1)
    assert.match(issued.stderr, /this is to be run where that key is/)
  } finally {
    await served.stop()
  }
})
