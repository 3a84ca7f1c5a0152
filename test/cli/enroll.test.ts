import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type ServerOptions } from 'node:https'
import { join } from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'
import { findIdentity } from '../../src/cli/client-identity.ts'
import { enroll } from '../../src/cli/enrolment.ts'
import { isRootOf, parseEnrolmentToken } from '../../src/cli/enrolment-token.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { sallyport, type Finished } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { testIssuer, type TestIssuer } from '../support/issuer.ts'
import { openssl } from '../support/openssl.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

let issuer: TestIssuer
let server: TestServer
before(async () => {
  server = await startServer({ issuerOf: (authority) => (issuer = testIssuer(authority)) })
})
after(async () => server.close())

const url = (): string => `https://localhost:${server.ports.people}`

/** A machine of its own, with a home for identities. */
async function machine(t: TestContext) {
  const cwd = await temporaryDirectory(t)
  const home = join(cwd, 'config')
  const clients = join(home, 'sallyport', 'clients')
  const run = (token: string, ...args: readonly string[]): Promise<Finished> => as(inProcess, token, args)
  const runProcess = (token: string): Promise<Finished> => as(sallyport, token, [])
  const as = (how: typeof sallyport, token: string, args: readonly string[]): Promise<Finished> =>
    how(['enroll', ...(args[0]?.startsWith('https:') === true ? [] : [url()]), ...args], {
      cwd,
      env: { XDG_CONFIG_HOME: home },
      input: `${token}\n`,
    })
  return { cwd, home, clients, run, runProcess }
}

describe('sallyport enroll', () => {
  test('makes the key here, and keeps it with certificate and root in a folder of the user', async (t) => {
    const { clients, runProcess } = await machine(t)
    const { code, stdout, stderr } = await runProcess(await issuer.token('laptop'))
    assert.equal(code, 0, stderr)
    const directory = join(clients, 'laptop')
    assert.deepEqual((await readdir(directory)).toSorted(), ['client.key.pem', 'client.pem', 'root.pem'])
    assert.equal((await stat(join(directory, 'client.key.pem'))).mode & 0o777, 0o600)
    assert.equal(await readFile(join(directory, 'root.pem'), 'utf8'), server.authority.rootPem)
    const found = await findIdentity({ dir: directory, now: Date.now() })
    assert.match(stdout, /^name {9}laptop$/m)
    assert.match(stdout, /^identity {5}spiffe:\/\/sallyport\.internal\/service\/laptop$/m)
    assert.match(stdout, new RegExp(`^expires      ${new Date(found.notAfter).toISOString()}$`, 'm'))
    assert.match(stdout, /^npx sallyport connect https:\/\/localhost:8443\/mcp --as laptop$/m)
    const { root, issuing } = server.authority.files
    const leaf = join(directory, 'client.pem')
    const verified = openssl(
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      root,
      '-untrusted',
      issuing,
      leaf,
    )
    assert.ok(verified.ok, verified.output)
  })

  test('spends no token where nothing can be kept', async (t) => {
    const { cwd, run } = await machine(t)
    const token = await issuer.token('nowhere')
    await writeFile(join(cwd, 'file'), '')
    const { code, stderr } = await run(token, '--dir', 'file/identity')
    assert.equal(code, 1)
    assert.match(stderr, /file cannot be written \(EEXIST\): check space and rights/)
    assert.equal((await run(token, '--dir', 'identity')).code, 0)
  })

  test('writes where it is told to, and prints JSON', async (t) => {
    const { cwd, run } = await machine(t)
    const { code, stdout, stderr } = await run(await issuer.token('there'), '--dir', 'my identity', '--json')
    assert.equal(code, 0, stderr)
    const directory = join(cwd, 'my identity')
    const { certificate } = await findIdentity({ dir: directory, now: Date.now() })
    const leaf = new X509Certificate(certificate)
    assert.deepEqual(JSON.parse(stdout), {
      name: 'my identity',
      uri: 'spiffe://sallyport.internal/service/there',
      certificate: join(directory, 'client.pem'),
      key: join(directory, 'client.key.pem'),
      root: join(directory, 'root.pem'),
      serial: leaf.serialNumber,
      expiresAt: leaf.validToDate.toISOString(),
      next: `npx sallyport connect https://localhost:8443/mcp --dir '${directory}'`,
    })
  })

  test('overwrites nothing: a folder that is named is refused before the token is used', async (t) => {
    const { cwd, run } = await machine(t)
    assert.equal((await run(await issuer.token('twice'), '--dir', 'mine')).code, 0)
    const first = await readFile(join(cwd, 'mine', 'client.pem'), 'utf8')
    const token = await issuer.token('twice')
    const again = await run(token, '--dir', 'mine')
    assert.equal(again.code, 1)
    assert.match(again.stderr, /already: choose another folder, or say --replace/)
    assert.equal(await readFile(join(cwd, 'mine', 'client.pem'), 'utf8'), first)
    const replaced = await run(token, '--dir', 'mine', '--replace')
    assert.equal(replaced.code, 0, replaced.stderr)
    assert.notEqual(await readFile(join(cwd, 'mine', 'client.pem'), 'utf8'), first)
    assert.deepEqual((await readdir(join(cwd, 'mine'))).toSorted(), [
      'client.key.pem',
      'client.pem',
      'root.pem',
    ])
  })

  test('loses nothing: an identity whose name is taken is kept under another', async (t) => {
    const { clients, run } = await machine(t)
    assert.equal((await run(await issuer.token('taken'))).code, 0)
    const first = await readFile(join(clients, 'taken', 'client.pem'), 'utf8')
    const again = await run(await issuer.token('taken'))
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stderr, /another identity named "taken" already, so this one is kept as "taken-2"/)
    assert.match(again.stdout, /--as taken-2$/m)
    assert.equal(await readFile(join(clients, 'taken', 'client.pem'), 'utf8'), first)
    const replaced = await run(await issuer.token('taken'), '--replace')
    assert.equal(replaced.code, 0, replaced.stderr)
    assert.notEqual(await readFile(join(clients, 'taken', 'client.pem'), 'utf8'), first)
  })

  test('refuses what is no token, no URL, or a token on the command line', async (t) => {
    const { clients, run } = await machine(t)
    const count = issuer.asked.length
    for (const text of ['', 'x'.repeat(100_000)]) {
      const { code, stderr } = await run(text)
      assert.equal(code, 1)
      assert.match(stderr, /no enrolment token on standard input/)
    }
    assert.equal((await run('', 'https://user:secret@localhost')).code, 1)
    assert.equal((await run('', url(), await issuer.token('b'))).code, 2)
    assert.equal(issuer.asked.length, count)
    await assert.rejects(readdir(clients))
  })

  test('says so when the token is used, when nobody listens, and when the door is another', async (t) => {
    const { clients, run } = await machine(t)
    const token = await issuer.token('once')
    assert.equal((await run(token)).code, 0)
    const cases: [string, RegExp][] = [
      [url(), /the token was refused: it is not known, was used already, or is past its time/],
      ['https://localhost:1', /cannot be reached: nobody listens there/],
      [
        `https://localhost:${server.ports.certificates}`,
        /closed the connection .*is the door for certificates|is it the door for people/,
      ],
    ]
    for (const [at, message] of cases) {
      const { code, stderr, stdout } = await run(token, at)
      assert.equal(code, 1)
      assert.match(stderr, message)
      assert.doesNotMatch(stdout + stderr, /spe_|PRIVATE/)
    }
    assert.deepEqual(await readdir(clients), ['once'])
  })
})

describe('somebody in the middle', () => {
  /** A server that shows `root` and writes down all that it is sent. */
  async function listening(t: TestContext, tls: ServerOptions, root: string) {
    const heard: string[] = []
    const middle = createServer(tls, (request, response) => {
      heard.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`)
      request.on('data', (chunk: Buffer) => heard.push(chunk.toString()))
      request.on('end', () => response.end(request.url === '/pki/root' ? root : '{}'))
    })
    middle.listen(0, '127.0.0.1')
    await once(middle, 'listening')
    t.after(() => middle.close())
    const address = middle.address()
    return { heard, at: `https://localhost:${typeof address === 'object' ? address?.port : 0}` }
  }

  /** Enrols there, which must fail, and for this reason. */
  async function refused(t: TestContext, text: string, at: string, message: RegExp): Promise<void> {
    const token = parseEnrolmentToken(text)
    assert.ok(token)
    const home = await temporaryDirectory(t)
    const enrolment = {
      url: new URL(at),
      token,
      directoryOf: (name: string) => join(home, name),
      replace: false,
    }
    await assert.rejects(enroll(enrolment), message)
    assert.deepEqual(await readdir(home), [])
  }

  async function attacker(t: TestContext): Promise<TestAuthority> {
    return testAuthority(await temporaryDirectory(t))
  }

  test('with a CA of his own never sees the token, nor anything beyond a question for the root', async (t) => {
    const { clients, run } = await machine(t)
    const own = await attacker(t)
    const { heard, at } = await listening(t, own.server, own.rootPem)
    const { code, stderr } = await run(await issuer.token('victim'), at)
    assert.equal(code, 1)
    assert.match(stderr, /is not the one that the token was made for.*the token was not sent/)
    assert.equal(heard.length, 1)
    assert.match(heard[0] ?? '', /^GET \/pki\/root /)
    assert.doesNotMatch(heard.join(''), /spe_/)
    await assert.rejects(readdir(clients))
  })

  test('who passes our root on, but has a certificate of another CA, never sees the token', async (t) => {
    const own = await attacker(t)
    const { heard, at } = await listening(t, own.server, server.authority.rootPem)
    await refused(t, await issuer.token('victim'), at, /not of our CA/)
    assert.equal(heard.length, 1)
    assert.doesNotMatch(heard.join(''), /spe_/)
  })

  test('who has a client’s certificate of ours, or a server’s for another host, never sees the token', async (t) => {
    const client = await server.authority.client('insider')
    const named = await testAuthority(await temporaryDirectory(t), { serverNames: ['other.example'] })
    const own = await attacker(t)
    const cases = [
      [client, server.authority.rootPem, await issuer.token('victim'), /cannot be reached|other names/],
      [named.server, named.rootPem, await testIssuer(named).token('victim'), /other names/],
      [own.server, own.rootPem + server.authority.rootPem, await issuer.token('victim'), /not sent/],
      [own.server, server.authority.rootPem + own.rootPem, await issuer.token('victim'), /not sent/],
    ] as const
    for (const [tls, root, token, message] of cases) {
      const { heard, at } = await listening(t, tls, root)
      await refused(t, token, at, message)
      assert.doesNotMatch(heard.join(''), /spe_/)
    }
  })
})

describe('a token', () => {
  test('is what it looks like, and nothing else', async () => {
    const text = await issuer.token('shape')
    const parsed = parseEnrolmentToken(text)
    const { raw } = new X509Certificate(server.authority.rootPem)
    assert.equal(parsed?.rootFingerprint, createHash('sha256').update(raw).digest('hex'))
    for (const wrong of [
      '',
      text.slice(1),
      `${text}0`,
      text.toUpperCase(),
      text.replace('.', ''),
      ` ${text}`,
    ])
      assert.equal(parseEnrolmentToken(wrong), undefined)
  })

  test('knows its root, alone and whole', async (t) => {
    const parsed = parseEnrolmentToken(await issuer.token('root'))
    assert.ok(parsed)
    const { rootPem, issuingPem } = server.authority
    assert.ok(isRootOf(parsed, rootPem))
    const other = await testAuthority(await temporaryDirectory(t))
    for (const wrong of ['', issuingPem, other.rootPem, rootPem + other.rootPem, rootPem.slice(0, -30), 'x'])
      assert.ok(!isRootOf(parsed, wrong))
  })
})
