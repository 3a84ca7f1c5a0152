import assert from 'node:assert/strict'
import { appendFile, copyFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sallyport, serving } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** `npm start` in a folder that is whole, but for what keeps the CA from issuing: serves, and says so. */
async function startsWarned(t: TestContext, cwd: string, warning: RegExp): Promise<void> {
  const served = await serving('start', { cwd })
  t.after(async () => await served.stop('SIGKILL'))
  assert.match(served.lines.join('\n'), warning)
}

async function done(args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<void> {
  const { code, stderr } = await sallyport(args, { cwd, env })
  assert.equal(code, 0, stderr)
}

test('a damaged ledger keeps nobody from being served', async (t) => {
  const cwd = await temporaryDirectory(t)
  await done(['init'], cwd)
  await appendFile(join(cwd, 'certs/ca/ledger.jsonl'), 'damaged\n')
  await startsWarned(t, cwd, /^warning .*ledger\.jsonl: line \d+ is damaged/m)
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
  await startsWarned(t, cwd, /^warning .*nobody can be asked for the passphrase/m)
  await rm(clients, { recursive: true })
  await startsWarned(t, cwd, /^warning .*nobody can be asked for the passphrase/m)
})
