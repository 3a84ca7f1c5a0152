import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createSecureContext } from 'node:tls'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { ceilingOf } from '../../src/pki/ceiling.ts'
import type { Finished } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

interface Installation {
  readonly directory: string
  run(args: readonly string[], more?: { env?: Record<string, string>; input?: string }): Promise<Finished>
  path(...names: readonly string[]): string
}

/** A directory with a configuration and a policy, and a CA made with these options unless told not to. */
async function installation(t: TestContext, ...options: readonly string[]): Promise<Installation> {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'sallyport.yaml'), '# defaults\n')
  await writeFile(join(directory, 'access.yaml'), defaultAccessDocument())
  await writeFile(join(directory, 'passphrase'), 'correct horse battery staple\n')
  const run: Installation['run'] = async (args, more = {}) =>
    await inProcess(args, { cwd: directory, ...more })
  const here = { directory, run, path: (...names: readonly string[]) => join(directory, ...names) }
  const made = await run(['init-ca', ...options], { env: FILE })
  assert.equal(made.code, 0, made.stderr)
  return here
}

const FILE = { SALLYPORT_CA_PASSPHRASE_FILE: 'passphrase' }

describe('a CA with encrypted keys', () => {
  it('has keys that openssl opens with the passphrase alone, and signs when it is given in a file', async (t) => {
    const here = await installation(t, '--encrypt')
    for (const name of ['root.key.pem', 'issuing.key.pem']) {
      const path = here.path('certs', 'ca', name)
      assert.match(await readFile(path, 'utf8'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      assert.equal(
        openssl('pkey', '-in', path, '-noout', '-passin', `file:${here.path('passphrase')}`).ok,
        true,
      )
      assert.equal(openssl('pkey', '-in', path, '-noout', '-passin', 'pass:something else').ok, false)
    }
    const issued = await here.run(['issue-client-cert', 'billing', '--role', 'reader'], { env: FILE })
    assert.equal(issued.code, 0, issued.stderr)
  })

  it('says what to do where nobody can be asked, and what is wrong with the file or the passphrase', async (t) => {
    const here = await installation(t, '--encrypt')
    const file = async (name: string, content: string): Promise<Record<string, string>> => {
      await writeFile(here.path(name), content)
      return { SALLYPORT_CA_PASSPHRASE_FILE: name }
    }
    const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{}, /issuing\.key\.pem is encrypted, and nobody can be asked.*SALLYPORT_CA_PASSPHRASE_FILE/],
      [{ SALLYPORT_CA_PASSPHRASE_FILE: 'none' }, /none cannot be read \(ENOENT\)/],
      [await file('wrong', 'another one altogether\n'), /does not open .*issuing\.key\.pem/],
      [await file('empty', '\n'), /one line/],
      [await file('long', 'one\ntwo\n'), /one line/],
    ]
    for (const [env, message] of cases) {
      const { code, stderr, stdout } = await here.run(['issue-client-cert', 'billing'], { env })
      assert.equal(code, 1)
      assert.match(stderr, message)
      assert.equal(stdout, '')
      assert.doesNotMatch(stderr, /another one altogether/, 'no secret in messages')
    }
    assert.equal(existsSync(here.path('certs', 'clients')), false)
  })

  it('is not made with a short passphrase', async (t) => {
    const directory = await temporaryDirectory(t)
    await writeFile(join(directory, 'passphrase'), 'short\n')
    const { code, stderr } = await inProcess(['init-ca', '--encrypt'], { cwd: directory, env: FILE })
    assert.equal(code, 1)
    assert.match(stderr, /less than 12 characters/)
    assert.deepEqual(await readdir(directory), ['passphrase'])
  })
})

describe('issue-client-cert --csr', () => {
  async function request(here: Installation, subject: string): Promise<string> {
    const [key, csr] = [here.path('elsewhere.key.pem'), here.path('request.pem')]
    const { ok, output } = openssl(
      'req',
      '-new',
      '-newkey',
      'ed25519',
      '-nodes',
      '-subj',
      subject,
      '-keyout',
      key,
      '-out',
      csr,
    )
    assert.ok(ok, output)
    return csr
  }

  it('certifies the key of the request, for the name on the command line, and writes no key', async (t) => {
    const here = await installation(t)
    const csr = await request(here, '/')
    const { code, stdout, stderr } = await here.run(
      ['issue-client-cert', 'billing', '--csr', '-', '--only', 'notes:read', '--only', 'time:*', '--json'],
      { input: await readFile(csr, 'utf8') },
    )
    assert.equal(code, 0, stderr)
    const printed = JSON.parse(stdout)
    assert.equal(printed.key, null)
    assert.equal(printed.curl, null)
    assert.deepEqual(printed.ceiling, ['notes:read', 'time:*'])
    assert.deepEqual(await readdir(here.path('certs', 'clients', 'billing')), ['client.pem'])
    const certificate = new X509Certificate(await readFile(printed.certificate))
    assert.equal(certificate.subjectAltName, 'URI:spiffe://sallyport.internal/service/billing')
    assert.deepEqual(ceilingOf(certificate), ['notes:read', 'time:*'])
    const own = openssl('pkey', '-in', here.path('elsewhere.key.pem'), '-pubout').output
    assert.equal(certificate.publicKey.export({ type: 'spki', format: 'pem' }), own)
  })

  it('refuses a request that names somebody else, and one that is none, and does nothing', async (t) => {
    const here = await installation(t)
    await request(here, '/CN=admin')
    const cases: readonly (readonly [csr: string, message: RegExp])[] = [
      ['request.pem', /names a subject of its own/],
      ['none.pem', /none\.pem cannot be read \(ENOENT\)/],
      ['access.yaml', /is not one PEM block/],
      ['/dev/zero', /is too long/],
    ]
    for (const [csr, message] of cases) {
      const { code, stderr } = await here.run([
        'issue-client-cert',
        'billing',
        '--csr',
        csr,
        '--role',
        'reader',
      ])
      assert.equal(code, 1, stderr)
      assert.match(stderr, message)
    }
    assert.equal(existsSync(here.path('certs', 'clients')), false)
    assert.equal(await readFile(here.path('access.yaml'), 'utf8'), defaultAccessDocument())
  })
})

describe('issue-client-cert --p12', () => {
  it('writes a file that opens with the password that is printed once', async (t) => {
    const here = await installation(t)
    const { code, stdout, stderr } = await here.run(['issue-client-cert', 'alice', '--kind', 'user', '--p12'])
    assert.equal(code, 0, stderr)
    const password = /^password +(\S{22}) /m.exec(stdout)?.[1]
    const path = here.path('certs', 'clients', 'alice', 'client.p12')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.ok(password)
    createSecureContext({ pfx: await readFile(path), passphrase: password })
    assert.throws(() => createSecureContext({ pfx: Buffer.of(1), passphrase: password }))
  })

  it('takes the password from a file, and then prints none', async (t) => {
    const here = await installation(t, '--key-type', 'ed25519')
    await writeFile(here.path('password'), 'over the hills\n')
    const options = ['--key-type', 'p384', '--p12-password-file', 'password', '--json']
    const { code, stdout, stderr } = await here.run(['issue-client-cert', 'alice', ...options])
    assert.equal(code, 0, stderr)
    const printed = JSON.parse(stdout)
    assert.equal('p12Password' in printed, false)
    createSecureContext({ pfx: await readFile(printed.p12), passphrase: 'over the hills' })
  })

  it('refuses a password that is too short or that programs encode differently', async (t) => {
    const here = await installation(t)
    for (const password of ['short', 'pässwörter sind schön', 'two\nlines are too many']) {
      await writeFile(here.path('password'), password)
      const { code, stderr } = await here.run(['issue-client-cert', 'a', '--p12-password-file', 'password'])
      assert.equal(code, 1)
      assert.match(stderr, /8 to 128 characters/)
    }
    assert.equal(existsSync(here.path('certs', 'clients')), false)
  })
})

describe('the files of the CA', () => {
  it('are refused with a clear error when they are missing, open to others, of another CA or broken', async (t) => {
    const here = await installation(t)
    const ca = (name: string): string => here.path('certs', 'ca', name)
    const key = await readFile(ca('issuing.key.pem'), 'utf8')
    const cases: readonly (readonly [what: string, spoil: () => Promise<unknown>, message: RegExp])[] = [
      ['open to others', async () => await chmod(ca('issuing.key.pem'), 0o644), /open to others.*mode 644/],
      [
        'of another CA',
        async () => await writeFile(ca('issuing.key.pem'), await readFile(ca('root.key.pem'))),
        /issuing\.key\.pem is not the key of/,
      ],
      [
        'broken',
        async () => await writeFile(ca('issuing.key.pem'), key.slice(0, 60)),
        /not a private key in PEM/,
      ],
      ['empty', async () => await writeFile(ca('issuing.key.pem'), ''), /not a private key in PEM/],
    ]
    for (const [what, spoil, message] of cases) {
      await spoil()
      const { code, stderr } = await here.run(['issue-client-cert', 'billing', '--role', 'reader'])
      assert.equal(code, 1, what)
      assert.match(stderr, message)
      await writeFile(ca('issuing.key.pem'), key)
      await chmod(ca('issuing.key.pem'), 0o600)
    }
    assert.equal(existsSync(here.path('certs', 'clients')), false)
    assert.equal(await readFile(here.path('access.yaml'), 'utf8'), defaultAccessDocument())
    assert.equal((await here.run(['issue-client-cert', 'billing'])).code, 0, 'whole again')
  })
})

describe('a server certificate', () => {
  it('is issued only for names that the CA was permitted, which is said beforehand', async (t) => {
    const here = await installation(t, '--permit-server', 'mcp.example', '--permit-server', '10.0.0.7')
    const refused = await here.run(['issue-server-cert', 'other.example'])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /other\.example is not among the names/)
    assert.equal(existsSync(here.path('certs', 'server')), false)
    const { code, stdout, stderr } = await here.run([
      'issue-server-cert',
      'a.mcp.example',
      '10.0.0.7',
      '--json',
    ])
    assert.equal(code, 0, stderr)
    assert.deepEqual(JSON.parse(stdout).names, ['localhost', '127.0.0.1', '::1', 'a.mcp.example', '10.0.0.7'])
  })

  it('names the revocation list where one is published', async (t) => {
    const here = await installation(t)
    await writeFile(
      here.path('sallyport.yaml'),
      'authority: { revocationListUrl: "http://pki.example/lists/" }\n',
    )
    assert.equal((await here.run(['issue-server-cert'])).code, 0)
    const text = openssl('x509', '-noout', '-text', '-in', here.path('certs', 'server', 'server.pem')).output
    assert.match(text, /URI:http:\/\/pki\.example\/lists\/issuing\.crl\n/)
  })
})
