import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { certificatePem, certify } from '../../src/pki/certify.ts'
import { privateKeyPem } from '../../src/pki/key.ts'
import { serverTemplate } from '../../src/pki/profile.ts'
import { serverNames } from '../../src/pki/server-names.ts'
import { testAuthority, type TestPair } from '../support/certificates.ts'
import { ask, modern } from '../support/clients.ts'
import { ANY_PORTS, sallyport, script, serving, type Served } from '../support/command.ts'
import { installation, type Installation } from '../support/installation.ts'
import { openStreams } from '../support/streams.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

async function installed(t: TestContext): Promise<Installation> {
  const at = await installation()
  t.after(async () => at.remove())
  return at
}

async function started(t: TestContext, { cwd }: Installation): Promise<Served> {
  const served = await serving('serve', { cwd })
  t.after(async () => served.stop('SIGKILL'))
  return served
}

async function put(path: string, content: string, mode = 0o644): Promise<void> {
  await writeFile(`${path}.new`, content, { mode })
  await rename(`${path}.new`, path)
}

/** A connection of a client that has been answered once. */
async function opened(served: Served, ca: string, pair: TestPair): Promise<TLSSocket> {
  const port = served.ports.certificates
  const socket = connect({ host: '127.0.0.1', servername: 'localhost', port, ca, ...pair })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  await answered(socket)
  return socket
}

async function answered(socket: TLSSocket): Promise<void> {
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [data] = (await once(socket, 'data')) as [Buffer]
  assert.match(data.toString(), /^HTTP\/1\.1 200/)
}

const serialOf = (socket: TLSSocket): string | undefined => socket.getPeerX509Certificate()?.serialNumber

async function operations({ ports }: Served, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${ports.operations}${path}`)).text()
}

test('a server certificate that a command replaces is shown to new connections, and open ones stay', async (t) => {
  const at = await installed(t)
  const served = await started(t, at)
  const { rootPem, serverFiles } = at.authority
  const client = await at.authority.client('demo')
  const early = await opened(served, rootPem, client)
  const [stream] = await openStreams({ port: served.ports.certificates, ca: rootPem, ...client }, 1)
  for (const _ of [1, 2]) {
    const from = served.log.length
    const { code, stderr } = await script('issue-server-cert.ts', ['--replace'], { cwd: at.cwd })
    assert.equal(code, 0, stderr)
    await served.logged(/the server certificate was loaded/, from)
    const late = await opened(served, rootPem, client)
    const { serialNumber, validToDate } = new X509Certificate(await readFile(serverFiles.certificate))
    assert.equal(serialOf(late), serialNumber)
    assert.match(
      await operations(served, '/metrics'),
      new RegExp(`^sallyport_server_certificate_not_after_seconds ${validToDate.getTime() / 1000}$`, 'm'),
    )
    late.destroy()
  }
  assert.equal(serialOf(early), new X509Certificate(at.authority.server.cert).serialNumber)
  await answered(early)
  assert.equal(stream?.destroyed, false)
  assert.deepEqual(
    served.log.filter((line) => /refused/.test(line)),
    [],
  )
  stream?.destroy()
  early.destroy()
})

test('a revocation list with a new entry ends the connections and streams of that client, and of no other', async (t) => {
  const at = await installed(t)
  const served = await started(t, at)
  const ca = at.authority.rootPem
  const [gone, stays] = [await at.authority.client('gone'), await at.authority.client('demo')]
  const [goes, neighbour] = [await opened(served, ca, gone), await opened(served, ca, stays)]
  const target = { port: served.ports.certificates, ca }
  const [streams, others] = [
    await openStreams({ ...target, ...gone }, 2),
    await openStreams({ ...target, ...stays }, 2),
  ]
  const closed = Promise.all(
    [goes, ...streams.map(({ socket }) => socket)].map(
      async (one) => new Promise((end) => one.once('close', end)),
    ),
  )
  await at.authority.revoke(gone.cert)
  await closed
  await answered(neighbour)
  assert.deepEqual(
    others.map(({ destroyed }) => destroyed),
    [false, false],
  )
  const refused = await ask({ ...target, ...gone, ...modern('tools/list') })
  assert.equal(refused.status, 401)
  for (const one of [neighbour, ...others]) one.destroy()
})

test('a CA that is added is believed, and one that is taken away has its connections ended', async (t) => {
  const at = await installed(t)
  const served = await started(t, at)
  const other = await testAuthority(await temporaryDirectory(t))
  const { files, rootPem: ca, issuingPem } = at.authority
  const theirs = await other.client('demo')
  const asStranger = { port: served.ports.certificates, ca, ...theirs, path: '/healthz', method: 'GET' }
  await assert.rejects(ask(asStranger))
  const ours = await opened(served, ca, await at.authority.client('demo'))
  // One after the other, as a person would: in between they do not go together.
  const lists = await at.authority.revocationLists()
  await put(files.revocationLists, lists + (await other.revocationLists()))
  await put(files.issuing, issuingPem + other.issuingPem)
  await put(files.root, ca + other.rootPem)
  await served.logged(/the trust was loaded/)
  const guest = await opened(served, ca, theirs)
  const closed = once(guest, 'close')
  await put(files.root, ca)
  await put(files.issuing, issuingPem)
  await put(files.revocationLists, lists)
  await closed
  await answered(ours)
  ours.destroy()
  assert.deepEqual(
    served.log.filter((line) => /refused/.test(line)),
    [],
  )
})

test('no older revocation list comes after a newer one, also after a restart', async (t) => {
  const at = await installed(t)
  const { files } = at.authority
  const old = await at.authority.revocationLists()
  const served = await started(t, at)
  await at.authority.revoke((await at.authority.client('gone')).cert)
  const newer = await at.authority.revocationLists()
  await served.logged(/the trust was loaded/)
  await served.stop()
  await put(files.revocationLists, old)
  const again = await sallyport(['serve'], { cwd: at.cwd, env: ANY_PORTS })
  assert.equal(again.code, 1)
  assert.match(again.stderr, /is older \(number 1\) than the last one that was in force \(2\): .*crl\.pem/s)
  await put(files.revocationLists, newer)
  await (await started(t, at)).stop()
})

test('a file that has lost the list of one CA is refused, also after a restart', async (t) => {
  const at = await installed(t)
  const { files } = at.authority
  const [issuing = '', root] = (await at.authority.revocationLists()).split(/(?=-----BEGIN)/)
  assert.ok(root)
  const served = await started(t, at)
  await put(files.revocationLists, issuing)
  await served.logged(/no revocation list of .*Root CA.* any more/i)
  assert.match(await operations(served, '/readyz'), /degraded.*trust/)
  await served.stop()
  const again = await sallyport(['serve'], { cwd: at.cwd, env: ANY_PORTS })
  assert.equal(again.code, 1)
  assert.match(again.stderr, /no revocation list of .* any more, and one was in force: put it back/)
})

test('numbers of revocation lists that cannot be understood are no first start', async (t) => {
  const at = await installed(t)
  await (await started(t, at)).stop()
  const path = join(at.cwd, 'data/crl-numbers.json')
  assert.match(await readFile(path, 'utf8'), /"number": "1"/)
  await writeFile(path, '{')
  const { code, stderr } = await sallyport(['serve'], { cwd: at.cwd, env: ANY_PORTS })
  assert.equal(code, 1)
  assert.match(stderr, /crl-numbers\.json cannot be read, .*: put it back/)
})

test('SIGHUP has all files looked at, and ends nothing', async (t) => {
  const at = await installed(t)
  const served = await started(t, at)
  served.process.kill('SIGHUP')
  await served.logged(/SIGHUP: all files are looked at/)
  const client = await at.authority.client('demo')
  const socket = await opened(served, at.authority.rootPem, client)
  served.process.kill('SIGHUP')
  await answered(socket)
  socket.destroy()
  assert.equal(await served.stop(), 0)
})

test('a server certificate in its last 14 days, and a list past two thirds of its life, are said', async (t) => {
  const at = await installed(t)
  const { authority } = at
  const template = serverTemplate(serverNames(['localhost', '127.0.0.1']), Date.now())
  const pairUntil = async (notAfter: number): Promise<TestPair> => {
    const { certificate, keys } = await certify({ ...template, notAfter }, authority.issuer)
    return { cert: certificatePem(certificate), key: await privateKeyPem(keys.privateKey) }
  }
  const putPair = async ({ cert, key }: TestPair): Promise<void> => {
    await put(authority.serverFiles.key, key, 0o600)
    await put(authority.serverFiles.certificate, cert + authority.issuingPem)
  }
  await putPair(await pairUntil(Date.now() + 14 * DAY - HOUR))
  const served = await started(t, at)
  await served.logged(/the server certificate ends at .*issue-server-cert -- --replace/)
  const readiness = async (): Promise<unknown> => JSON.parse(await operations(served, '/readyz'))
  assert.deepEqual(await readiness(), { status: 'degraded', problems: ['server certificate ends soon'] })
  await putPair(await pairUntil(Date.now() + 14 * DAY + HOUR))
  await served.logged(/the server certificate was loaded/)
  assert.deepEqual(await readiness(), { status: 'ready' })
  // Its life began a minute ago.
  await authority.resign(Date.now() + 20_000)
  await served.logged(/the trust was loaded/)
  assert.deepEqual(await readiness(), { status: 'degraded', problems: ['revocation list ends soon'] })
})

test('the operations listener has metrics in the format of Prometheus, and nothing of anybody', async (t) => {
  const at = await installed(t)
  const served = await started(t, at)
  const agent = new Agent()
  const client = await at.authority.client('demo')
  await ask({
    port: served.ports.certificates,
    ca: at.authority.rootPem,
    ...client,
    agent,
    ...modern('tools/list'),
  })
  const response = await fetch(`http://127.0.0.1:${served.ports.operations}/metrics`)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const text = await response.text()
  for (const what of ['access policy', 'server certificate', 'trust'])
    assert.match(text, new RegExp(`^sallyport_file_refused\\{what="${what}"\\} 0$`, 'm'))
  assert.doesNotMatch(text, /demo|whoami|spiffe/)
  for (const path of ['/', '/mcp', '/metrics/', '/login'])
    assert.equal((await fetch(`http://127.0.0.1:${served.ports.operations}${path}`)).status, 404, path)
  agent.destroy()
})
