import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ask, modern } from '../support/clients.ts'
import { ANY_PORTS, serving } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { CLIENT_EXTENSIONS, opensslRoot, type OpensslCa } from '../support/openssl-ca.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A folder with a configuration that believes a corporate CA alone, which certified the server, too. */
async function corporate(t: TestContext): Promise<{ cwd: string; root: OpensslCa; issuing: OpensslCa }> {
  const cwd = await temporaryDirectory(t)
  const root = opensslRoot(cwd, 'corp')
  const issuing = root.issueCa('issuing')
  const server = issuing.issue({
    subject: '/CN=localhost',
    extensions: [...CLIENT_EXTENSIONS, 'subjectAltName = DNS:localhost, IP:127.0.0.1'],
  })
  await writeFile(join(cwd, 'server.pem'), server.pem + issuing.pem)
  await writeFile(join(cwd, 'server.key'), await readFile(server.key), { mode: 0o600 })
  await writeFile(join(cwd, 'root.pem'), root.pem)
  await writeFile(join(cwd, 'issuing.pem'), issuing.pem)
  await writeFile(join(cwd, 'crl.pem'), issuing.revocationList() + root.revocationList())
  await writeFile(
    join(cwd, 'sallyport.yaml'),
    `tls: { certificate: server.pem, key: server.key }
trust:
  own: false
  bundles:
    - name: corp
      roots: root.pem
      issuers: issuing.pem
      revocationLists: crl.pem
      trustDomains: [ corp.example ]
      pins: [ "${root.pin}" ]
      principal: { from: uri }
`,
  )
  return { cwd, root, issuing }
}

for (const command of ['start', 'serve'] as const)
  test(`ASVS 12.2.2: "${command}" shows the certificate that it is given, and serves those whom a corporate CA has certified, and there is no CA of our own`, async (t) => {
    const { cwd, root, issuing } = await corporate(t)
    const made = await inProcess(['init'], { cwd, env: ANY_PORTS })
    assert.equal(made.code, 0, made.stderr)
    assert.equal(existsSync(join(cwd, 'certs/ca')), false)
    const policy = await readFile(join(cwd, 'access.yaml'), 'utf8')
    const grant = '  - { service: "corp.example/billing", roles: [ reader ] }\n'
    await writeFile(join(cwd, 'access.yaml'), policy + grant)
    const served = await serving(command, { cwd })
    t.after(async () => served.stop())
    const { pem, key } = issuing.issue({
      extensions: [...CLIENT_EXTENSIONS, 'subjectAltName = URI:spiffe://corp.example/service/billing'],
    })
    const answer = await ask({
      port: served.ports.certificates,
      ca: root.pem,
      cert: pem + issuing.pem,
      key: await readFile(key),
      ...modern('tools/call', { name: 'whoami', arguments: {} }),
    })
    assert.equal(answer.status, 200, answer.body)
    assert.match(
      answer.body,
      /"principal":"service:corp\.example\/billing","methods":\["certificate"\],"roles":\["reader"\]/,
    )
    assert.equal(await served.stop(), 0)
  })

test('a CA of our own that is left in its folder, and believed no longer, is not handed out', async (t) => {
  const { cwd, root } = await corporate(t)
  await inProcess(['init'], { cwd, env: ANY_PORTS })
  await mkdir(join(cwd, 'certs/ca'), { recursive: true })
  await writeFile(join(cwd, 'certs/ca/root.pem'), opensslRoot(cwd, 'ours').pem)
  const served = await serving('serve', { cwd })
  t.after(async () => served.stop())
  const door = { port: served.ports.people ?? 0, ca: root.pem }
  const { status, body } = await ask({ ...door, method: 'GET', path: '/pki/root' })
  assert.equal(status, 503, body)
})

test('what is missing or does not fit is told, with its place', async (t) => {
  const { cwd, issuing } = await corporate(t)
  const config = await readFile(join(cwd, 'sallyport.yaml'), 'utf8')
  await writeFile(join(cwd, 'other.pem'), opensslRoot(cwd, 'other').pem)
  await inProcess(['init'], { cwd, env: ANY_PORTS })
  const told = async (text: string) => {
    await writeFile(join(cwd, 'sallyport.yaml'), text)
    const { code, stderr } = await inProcess(['serve'], { cwd, env: ANY_PORTS })
    assert.equal(code, 1)
    return stderr
  }
  const cases: readonly (readonly [from: string | RegExp, to: string, words: RegExp])[] = [
    [
      'roots: root.pem',
      'roots: none.pem',
      /root certificates of "corp" .*none\.pem cannot be read.*put it there/,
    ],
    ['roots: root.pem', 'roots: other.pem', /signed by none of the roots/],
    ['      revocationLists: crl.pem\n', '', /trust\.bundles\[0\]\.name: has no revocationLists/],
    ['crl.pem', 'root.pem', /file of revocation lists of "corp"/],
    ['corp.example ]', 'sallyport.internal ]', /trustDomains: "sallyport\.internal" is ours/],
    [/pins: \[ "..../, 'pins: [ "0000', /trust bundle "corp".*is pinned/],
    ['from: uri', 'from: url', /principal.*must be a map with from/],
    ['from: uri', 'from: dns', /principal\.kind: must be service, agent or user/],
    [/bundles:[\s\S]*/, 'bundles: []\n', /believes no CA/],
    [
      'certificate: server.pem',
      'certificate: none.pem',
      /server certificate .*none\.pem cannot be read.*put it there/,
    ],
  ]
  for (const [from, to, words] of cases)
    assert.match(await told(config.replace(from, to)), words, String(from))
  await writeFile(join(cwd, 'crl.pem'), issuing.pem)
  assert.match(await told(config), /revocation lists of "corp"/)
})
