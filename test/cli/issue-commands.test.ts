import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { grantsOf, parseAccessDocument } from '../../src/access/document.ts'
import { runInitCa } from '../../src/cli/init-ca.ts'
import { runIssueClientCert } from '../../src/cli/issue-client-cert.ts'
import { runIssueServerCert } from '../../src/cli/issue-server-cert.ts'
import { inProcess } from '../support/in-process.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program in a directory, without any setting of ours from outside. */
async function run(
  directory: string,
  program: string,
  args: readonly string[],
  settings = {},
): Promise<Result> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SALLYPORT_'))
  const child = spawn(program, args, {
    cwd: directory,
    env: { ...Object.fromEntries(inherited), ...settings },
  })
  const result = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (result.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (result.stderr += text))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  return { code, ...result }
}

async function script(directory: string, name: string, ...args: readonly string[]): Promise<Result> {
  const path = join(import.meta.dirname, '..', '..', 'scripts', `${name}.ts`)
  await writeFile(join(directory, 'sallyport.yaml'), '# defaults\n', { flag: 'a' })
  return await run(directory, process.execPath, [path, ...args])
}

const PROGRAMS = {
  'init-ca': runInitCa,
  'issue-client-cert': runIssueClientCert,
  'issue-server-cert': runIssueServerCert,
} as const

/** What the script does, in this process. */
async function here(
  directory: string,
  name: keyof typeof PROGRAMS,
  ...args: readonly string[]
): Promise<Result> {
  await writeFile(join(directory, 'sallyport.yaml'), '# defaults\n', { flag: 'a' })
  return await inProcess(args, { cwd: directory }, PROGRAMS[name])
}

/** A directory with a CA made by the real command, and the access policy that `init` writes. */
async function installation(t: TestContext): Promise<string> {
  const directory = await temporaryDirectory(t)
  const { code, stderr } = await here(directory, 'init-ca')
  assert.equal(code, 0, stderr)
  await writeFile(join(directory, 'access.yaml'), defaultAccessDocument())
  return directory
}

describe('init-ca', () => {
  it('makes a CA, keys for the owner alone, and never makes it twice', async (t) => {
    const directory = await installation(t)
    const ca = join(directory, 'certs', 'ca')
    const names = ['crl.pem', 'issuing.key.pem', 'issuing.pem', 'ledger.jsonl', 'root.key.pem', 'root.pem']
    assert.deepEqual((await readdir(ca)).toSorted(), names)
    assert.equal((await stat(join(ca, 'root.key.pem'))).mode & 0o777, 0o600)
    const before = await readFile(join(ca, 'root.pem'), 'utf8')
    const again = await here(directory, 'init-ca')
    assert.equal(again.code, 1)
    assert.match(again.stderr, /exists already: it is never replaced/)
    assert.equal(await readFile(join(ca, 'root.pem'), 'utf8'), before)
  })

  it('prints where everything is and the fingerprint of the root, as JSON when asked', async (t) => {
    const directory = await temporaryDirectory(t)
    const { code, stdout } = await script(directory, 'init-ca', '--json')
    assert.equal(code, 0)
    const { root, fingerprint, trustDomain } = JSON.parse(stdout)
    assert.equal(fingerprint, new X509Certificate(await readFile(root)).fingerprint256)
    assert.equal(trustDomain, 'sallyport.internal')
  })
})

describe('issue-server-cert', () => {
  it('issues for this machine and the names asked for, and replaces only when told', async (t) => {
    const directory = await installation(t)
    const path = join(directory, 'certs', 'server', 'server.pem')
    const first = await script(directory, 'issue-server-cert', 'mcp.example.internal', '10.0.0.7')
    assert.equal(first.code, 0, first.stderr)
    const before = await readFile(path, 'utf8')
    const names = new X509Certificate(before).subjectAltName ?? ''
    for (const name of [
      'DNS:localhost',
      'IP Address:127.0.0.1',
      'DNS:mcp.example.internal',
      'IP Address:10.0.0.7',
    ])
      assert.ok(names.includes(name), `${name} in ${names}`)
    const second = await here(directory, 'issue-server-cert')
    assert.equal(second.code, 1)
    assert.match(second.stderr, /exists already: say --replace/)
    assert.equal(await readFile(path, 'utf8'), before)
    assert.equal((await here(directory, 'issue-server-cert', '--replace')).code, 0)
    const after = new X509Certificate(await readFile(path))
    assert.notEqual(after.serialNumber, new X509Certificate(before).serialNumber)
    assert.equal(
      [...(after.subjectAltName?.split(', ') ?? [])].toSorted().join(),
      names.split(', ').toSorted().join(),
    )
    assert.equal((await here(directory, 'issue-server-cert', 'other.example', '--replace')).code, 0)
    assert.doesNotMatch(new X509Certificate(await readFile(path)).subjectAltName ?? '', /mcp\.example/)
  })

  it('refuses a wildcard', async (t) => {
    const { code, stderr } = await here(await installation(t), 'issue-server-cert', '*.example')
    assert.equal(code, 1)
    assert.match(stderr, /wildcards are never issued/)
  })
})

describe('issue-client-cert', () => {
  it('writes what openssl accepts as a client, grants, records, and prints where', async (t) => {
    const directory = await installation(t)
    const { code, stdout, stderr } = await here(directory, 'issue-client-cert', 'billing', '--role', 'reader')
    assert.equal(code, 0, stderr)
    const client = join(directory, 'certs', 'clients', 'billing')
    const ca = join(directory, 'certs', 'ca')
    const trust = [
      '-CAfile',
      join(ca, 'root.pem'),
      '-untrusted',
      join(ca, 'issuing.pem'),
      '-CRLfile',
      join(ca, 'crl.pem'),
    ]
    const strict = ['verify', '-x509_strict', '-crl_check_all', ...trust, '-purpose']
    assert.equal(openssl(...strict, 'sslclient', join(client, 'client.pem')).ok, true)
    assert.equal(openssl(...strict, 'sslserver', join(client, 'client.pem')).ok, false)
    assert.equal((await stat(join(client, 'client.key.pem'))).mode & 0o777, 0o600)
    assert.match(stdout, /spiffe:\/\/sallyport\.internal\/service\/billing/)
    for (const file of ['client.pem', 'client.key.pem']) assert.ok(stdout.includes(join(client, file)), file)
    const policy = parseAccessDocument(await readFile(join(directory, 'access.yaml'), 'utf8'), 'access.yaml')
    assert.deepEqual(
      grantsOf(policy, 'service:billing').flatMap(({ roles }) => roles),
      ['reader'],
    )
    assert.match(await trail(directory), /"event":"certificate\.issued".*"principal":"service:billing"/)
  })

  it('takes kind, several roles and a length of life, and prints JSON when asked', async (t) => {
    const directory = await installation(t)
    const options = ['--kind', 'agent', '--role', 'reader', '--role', 'user', '--ttl', '90m', '--json']
    const { code, stdout, stderr } = await here(directory, 'issue-client-cert', 'ci-runner', ...options)
    assert.equal(code, 0, stderr)
    const printed = JSON.parse(stdout)
    const certificate = new X509Certificate(await readFile(printed.certificate))
    assert.equal(printed.uri, 'spiffe://sallyport.internal/agent/ci-runner')
    assert.equal(printed.principal, 'agent:ci-runner')
    assert.deepEqual(printed.roles, ['reader', 'user'])
    assert.equal(printed.serial, certificate.serialNumber)
    assert.equal(Date.parse(printed.expiresAt), certificate.validToDate.getTime())
    const life = certificate.validToDate.getTime() - certificate.validFromDate.getTime()
    assert.equal(life, 91 * 60_000, 'ninety minutes, and one of backdating')
  })

  it('prints a curl line that works when pasted, from anywhere, also where paths need quotes', async (t) => {
    const directory = join(await temporaryDirectory(t), "it's a place")
    await mkdir(directory)
    assert.equal((await here(directory, 'init-ca')).code, 0)
    await writeFile(join(directory, 'access.yaml'), defaultAccessDocument())
    assert.equal((await here(directory, 'issue-server-cert')).code, 0)
    const { port, seen } = await mutualTlsServer(t, directory)
    await writeFile(join(directory, 'sallyport.yaml'), `listeners:\n  certificates:\n    port: ${port}\n`)
    const issued = await here(directory, 'issue-client-cert', 'billing')
    const line = issued.stdout.split('\n').find((text) => text.startsWith('curl '))
    assert.ok(line, issued.stdout + issued.stderr)
    const { code, stdout, stderr } = await run('/', 'sh', ['-c', line])
    assert.equal(code, 0, stderr)
    assert.equal(stdout, 'hello billing')
    assert.deepEqual(seen, [
      {
        request: 'POST /mcp',
        contentType: 'application/json',
        accept: 'application/json, text/event-stream',
        version: '2026-07-28',
        method: 'tools/list',
        body: {
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/list',
          params: {
            _meta: {
              'io.modelcontextprotocol/protocolVersion': '2026-07-28',
              'io.modelcontextprotocol/clientCapabilities': {},
              'io.modelcontextprotocol/clientInfo': { name: 'curl', version: '1' },
            },
          },
        },
      },
    ])
  })

  const wrongUsage: readonly (readonly string[])[] = [
    [],
    ['billing', 'extra'],
    ['billing', '--nonsense'],
    ['billing', '--only', 'everything'],
    ['billing', '--key-type', 'rsa'],
    ['billing', '--csr', 'request.pem', '--p12'],
    ['billing', '--csr', 'request.pem', '--key-type', 'p384'],
    ['billing', '--csr'],
    ['billing', '--kind', 'boss'],
    ['billing', '--ttl', 'soon'],
    ['billing', '--ttl', '91d'],
    ['billing', '--ttl', '59s'],
    ['billing', '--role'],
  ]
  it('ends with 2, having done nothing, when it is used wrongly', async (t) => {
    const directory = await temporaryDirectory(t)
    for (const args of wrongUsage) {
      const { code, stderr, stdout } = await here(directory, 'issue-client-cert', ...args)
      assert.equal(code, 2, args.join(' '))
      assert.match(stderr, /^error: /, args.join(' '))
      assert.equal(stdout, '')
    }
    assert.deepEqual(await readdir(directory), ['sallyport.yaml'])
  })

  it('ends with 1 and says what to do when it refuses', async (t) => {
    const directory = await installation(t)
    const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [['Billing'], /capital letter.*"billing" would do/],
      [['a/b'], /path separator.*"a-b" would do/],
      [['billing', '--role', 'boss'], /no role "boss".*guest, reader, user, admin/],
    ]
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await here(directory, 'issue-client-cert', ...args)
      assert.equal(code, 1, stderr)
      assert.match(stderr, message)
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack for people')
      assert.equal(stdout, '')
    }
    assert.equal(existsSync(join(directory, 'certs', 'clients')), false)
  })

  it('says how to make a CA where there is none', async (t) => {
    const directory = await temporaryDirectory(t)
    await writeFile(join(directory, 'access.yaml'), defaultAccessDocument())
    const { code, stderr } = await here(directory, 'issue-client-cert', 'billing')
    assert.equal(code, 1)
    assert.match(stderr, /npm run init-ca/)
  })

  it('is won by exactly one of three processes at once', async (t) => {
    const directory = await installation(t)
    const args = ['billing', '--role', 'reader', '--json']
    const results = await Promise.all(
      [1, 2, 3].map(async () => await script(directory, 'issue-client-cert', ...args)),
    )
    assert.deepEqual(results.map(({ code }) => String(code)).toSorted(), ['0', '1', '1'])
    const won = results.find(({ code }) => code === 0)
    const { certificate, serial } = JSON.parse(won?.stdout ?? '')
    assert.equal(new X509Certificate(await readFile(certificate)).serialNumber, serial)
    assert.deepEqual(await readdir(join(directory, 'certs', 'clients')), ['billing'])
  })

  it('helps, with examples', async (t) => {
    const directory = await temporaryDirectory(t)
    for (const name of ['init-ca', 'issue-client-cert', 'issue-server-cert']) {
      const { code, stdout } = await script(directory, name, '--help')
      assert.equal(code, 0)
      assert.match(stdout, /Usage: .*\n[^]*Examples:\n {2}npm run |Examples:\n[^]*npm run/)
    }
  })
})

async function trail(directory: string): Promise<string> {
  const audit = join(directory, 'data', 'audit')
  const files = await Promise.all(
    (await readdir(audit)).map(async (name) => await readFile(join(audit, name), 'utf8')),
  )
  return files.join('')
}

/** A server that believes what the CA of `directory` issued, and notes what it is asked. */
async function mutualTlsServer(
  t: TestContext,
  directory: string,
): Promise<{ readonly port: number; readonly seen: unknown[] }> {
  const certs = join(directory, 'certs')
  const seen: unknown[] = []
  const server = createServer(
    {
      cert: await readFile(join(certs, 'server', 'server.pem')),
      key: await readFile(join(certs, 'server', 'server.key.pem')),
      ca: [await readFile(join(certs, 'ca', 'root.pem'))],
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    },
    (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { headers } = request
        seen.push({
          request: `${request.method} ${request.url}`,
          contentType: headers['content-type'],
          accept: headers.accept,
          version: headers['mcp-protocol-version'],
          method: headers['mcp-method'],
          body: JSON.parse(Buffer.concat(chunks).toString()),
        })
        response.end('hello billing')
      })
    },
  )
  await new Promise<void>((resolve) => void server.listen(0, resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, seen }
}
