import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test, type TestContext } from 'node:test'
import { userDirectory } from '../../src/cli/client-identity.ts'
import { createDirectory } from '../../src/pki/files.ts'
import { sallyport, type Finished } from '../support/command.ts'
import { enrolled } from '../support/enrolled.ts'
import { inProcess } from '../support/in-process.ts'
import { testIssuer, type TestIssuer } from '../support/issuer.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const HOUR = 3_600_000

let issuer: TestIssuer
let server: TestServer
before(async () => {
  server = await startServer({ issuerOf: (authority) => (issuer = testIssuer(authority)) })
})
after(async () => server.close())

/** A machine of its own, with the identity of one client that was enrolled so many hours ago. */
async function machine(t: TestContext, name: string, hours: number) {
  const cwd = await temporaryDirectory(t)
  const env = { XDG_CONFIG_HOME: join(cwd, 'config') }
  const directory = userDirectory(name, env)
  const { cert, key } = await enrolled(
    testIssuer(server.authority, () => Date.now() - hours * HOUR),
    name,
  )
  await createDirectory(directory, {
    'client.pem': { content: cert, secret: false },
    'client.key.pem': { content: key, secret: true },
    'root.pem': { content: server.authority.rootPem, secret: false },
  })
  const url = ['--url', `https://localhost:${server.ports.certificates}`]
  return {
    cwd,
    env,
    directory,
    url,
    certificate: async () => readFile(join(directory, 'client.pem'), 'utf8'),
    run: async (...args: readonly string[]): Promise<Finished> =>
      inProcess(['cert', 'renew', name, ...args], { cwd, env }),
    runProcess: async (...args: readonly string[]): Promise<Finished> =>
      sallyport(['cert', 'renew', name, ...args], { cwd, env }),
  }
}

describe('sallyport cert renew', () => {
  test('renews what is due, and what is not only by force', async (t) => {
    const { url, run, runProcess, certificate } = await machine(t, 'due', 20)
    const first = await certificate()
    const due = await run(...url, '--json')
    assert.equal(due.code, 0, due.stderr)
    const renewed = JSON.parse(due.stdout) as { renewed: boolean; expiresAt: string }
    assert.equal(renewed.renewed, true)
    const second = await certificate()
    assert.notEqual(second, first)
    const early = await run(...url)
    assert.equal(early.code, 0, early.stderr)
    assert.match(early.stdout, /^not due before .*--force/)
    assert.equal(await certificate(), second)
    const forced = await runProcess(...url, '--force', '--exec', 'echo it was run')
    assert.equal(forced.code, 0, forced.stderr)
    assert.match(forced.stdout, /^it was run$/m)
    assert.match(forced.stdout, /^certificate {2}.*client\.pem$/m)
    assert.notEqual(await certificate(), second)
  })

  test('is done once when two processes do it at once', async (t) => {
    const { url, runProcess, directory } = await machine(t, 'pair', 20)
    const count = issuer.asked.length
    const both = await Promise.all([runProcess(...url), runProcess(...url)])
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
    )
    assert.equal(issuer.asked.length - count, 1)
    assert.deepEqual((await readdir(directory)).toSorted(), ['client.key.pem', 'client.pem', 'root.pem'])
  })

  test('says what to do about one that has expired, and about a server that nobody named', async (t) => {
    const { url, run } = await machine(t, 'old', 30)
    const expired = await run(...url)
    assert.equal(expired.code, 1)
    assert.match(expired.stderr, /expired at .*new enrolment token .*sallyport enroll URL --replace/)
    const nowhere = await run()
    assert.equal(nowhere.code, 1)
    assert.match(nowhere.stderr, /no sallyport\.yaml here.*--url https:\/\/HOST:8443/)
  })
})

describe('sallyport cert renew --watch', () => {
  /** The command as a process that stays; what it says, a line at a time. */
  function watching(cwd: string, env: Readonly<Record<string, string>>, args: readonly string[]) {
    const launcher = resolve(import.meta.dirname, '../../src/cli/launch.js')
    const { PATH = '' } = process.env
    const child = spawn(process.execPath, [launcher, 'cert', 'renew', ...args, '--watch'], {
      cwd,
      env: { PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(child, 'exit') as Promise<[number | null]>
    const lines: string[] = []
    const seen = createInterface({ input: child.stderr }).on('line', (line) => lines.push(line))
    return {
      child,
      ended,
      lines,
      said: async (pattern: RegExp): Promise<void> =>
        new Promise((found) => {
          const look = (): void => {
            if (!lines.some((line) => pattern.test(line))) return
            seen.off('line', look)
            found()
          }
          seen.on('line', look)
          look()
        }),
    }
  }

  test('renews, runs a command each time, whatever becomes of it, and ends when it is told to', async (t) => {
    const { cwd, env, url, certificate } = await machine(t, 'watched', 20)
    const first = await certificate()
    const { child, ended, said, lines } = watching(cwd, env, [
      'watched',
      ...url,
      '--exec',
      'echo run >> ran; exit 3',
    ])
    t.after(() => child.kill('SIGKILL'))
    await said(/will be renewed at/)
    assert.notEqual(await certificate(), first)
    assert.match(lines.join('\n'), /watched: renewed until .*\nthe command after the renewal failed \(3\)/)
    assert.equal(await readFile(join(cwd, 'ran'), 'utf8'), 'run\n')
    child.kill('SIGTERM')
    const [code] = await ended
    assert.equal(code, 0)
  })

  test('says every attempt, and ends with 1 when the certificate is revoked', async (t) => {
    const { cwd, env, url, certificate } = await machine(t, 'doomed', 20)
    issuer.refuse('issuer_unavailable')
    const { child, ended, said, lines } = watching(cwd, env, ['doomed', ...url])
    t.after(() => child.kill('SIGKILL'))
    await said(/was not renewed: .*\(503\): try again later; .*; trying again in 1 s/)
    issuer.refuse(undefined)
    await server.authority.revoke(await certificate())
    await server.reloadTrust()
    const [code] = await ended
    assert.equal(code, 1)
    assert.match(lines.at(-1) ?? '', /revoked or expired.*new enrolment token/)
  })
})
