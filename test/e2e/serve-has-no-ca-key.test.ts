import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { chmod, chown, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { sallyport, serving } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const LAUNCHER = resolve(import.meta.dirname, '../../src/cli/launch.js')
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

let cwd: string
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-keys-'))
  const { code, stderr } = await inProcess(['init'], { cwd })
  assert.equal(code, 0, stderr)
})
after(async () => await rm(cwd, { recursive: true, force: true, maxRetries: 10 }))

const keys = (): readonly string[] =>
  ['root.key.pem', 'issuing.key.pem'].map((name) => join(cwd, 'certs/ca', name))

/** Puts a named pipe in the place of a key: who opens it waits there, and can be seen. */
async function withPipe(t: TestContext, key: string): Promise<void> {
  await rename(key, `${key}.away`)
  await promisify(execFile)('mkfifo', ['-m', '600', key])
  t.after(async () => await rename(`${key}.away`, key))
}

test('serve starts and answers, and nobody has opened a key of the CA', async (t) => {
  for (const key of keys()) await withPipe(t, key)
  const served = await serving('serve', { cwd })
  t.after(async () => await served.stop('SIGKILL'))
  const answer = await sallyport(['tools', '--as', 'demo', '--json'], {
    cwd,
    env: { SALLYPORT_PORT: String(served.ports.certificates) },
  })
  assert.equal(answer.code, 0, answer.stderr)
  for (const key of keys())
    // A pipe can be opened for writing only while somebody has it open, or waits to, for reading.
    await assert.rejects(open(key, constants.O_WRONLY | constants.O_NONBLOCK), { code: 'ENXIO' }, key)
  assert.equal(await served.stop(), 0)
})

/** Runs a command of ours as another user, until it has printed a line that fits. */
async function runningAs(
  uid: number,
  t: TestContext,
  { args, env, until }: { args: readonly string[]; env: Record<string, string>; until: RegExp },
): Promise<{ readonly child: ChildProcess; readonly lines: readonly string[] }> {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd,
    uid,
    gid: uid,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  })
  const [lines, errors]: [string[], string[]] = [[], []]
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
  await new Promise<void>((found, failed) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      if (until.test(line)) found()
    })
    child.once('exit', (code) =>
      failed(new Error(`${args.join(' ')} ended with ${code}: ${errors.join('')}`)),
    )
  })
  return { child, lines }
}

const WITHOUT_ROOT = 'only root can run a process as somebody else'

test(
  'serve as a user who cannot read the keys: enrolment and renewal work through the issuer',
  { skip: isRoot ? false : WITHOUT_ROOT },
  async (t) => {
    await giveToNobody()
    for (const key of keys()) {
      const read = promisify(execFile)('cat', [key], { uid: NOBODY, gid: NOBODY })
      await assert.rejects(read, /Permission denied/)
    }
    const env = { SALLYPORT_PORT: '0', SALLYPORT_LOGIN_PORT: '0', SALLYPORT_OPERATIONS_PORT: '0' }
    const issuer = { args: ['issuer', '--group', String(NOBODY)], env: {}, until: /^Issuing at:/ }
    await runningAs(0, t, issuer)
    const { lines } = await runningAs(NOBODY, t, { args: ['serve'], env, until: /^Probes at:/ })
    const port = (pattern: RegExp): string => pattern.exec(lines.join('\n'))?.[1] ?? ''
    const [certificates, people] = [port(/:(\d+)\/mcp \(client/), port(/:(\d+)\/login/)]

    const token = await inProcess(['cert', 'token', 'billing', '--role', 'reader'], { cwd })
    assert.equal(token.code, 0, token.stderr)
    const dir = await temporaryDirectory(t)
    const enrolled = await sallyport(
      ['enroll', `https://localhost:${people}`, '--dir', join(dir, 'billing'), '--json'],
      { cwd, input: token.stdout },
    )
    assert.equal(enrolled.code, 0, enrolled.stderr)
    const renewUrl = `https://localhost:${certificates}`
    const renewed = await sallyport(
      ['cert', 'renew', 'billing', '--dir', join(dir, 'billing'), '--force', '--url', renewUrl],
      { cwd },
    )
    assert.equal(renewed.code, 0, renewed.stderr)
    const { stdout } = await inProcess(['cert', 'list', '--json'], { cwd })
    const names = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)
    assert.equal(names.filter((name) => name === 'billing').length, 2)
  },
)

/** What the server reads and writes is its own; the CA's keys and ledger stay root's, 0600. */
async function giveToNobody(): Promise<void> {
  await chmod(cwd, 0o755)
  for (const path of ['data', 'data/audit', 'certs/server/server.key.pem', 'access.yaml'])
    await chown(join(cwd, path), NOBODY, NOBODY)
  for (const name of await readdir(join(cwd, 'data')))
    if (name !== 'audit') await chown(join(cwd, 'data', name), NOBODY, NOBODY)
}
