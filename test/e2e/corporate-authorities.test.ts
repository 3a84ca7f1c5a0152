import assert from 'node:assert/strict'
import { Agent } from 'node:https'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import { readTrust, type TrustBundle } from '../../src/trust.ts'
import { ask, connectClient, modern, type Ask } from '../support/clients.ts'
import { CLIENT_EXTENSIONS, opensslRoot, type OpensslCa, type Wanted } from '../support/openssl-ca.ts'
import { policyOf, startServer, type TestServer } from '../support/server.ts'

let directory: string
let corp: OpensslCa
let issuing: OpensslCa
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-corp-'))
  corp = opensslRoot(directory, 'corp')
  issuing = corp.issueCa('issuing')
})
after(async () => rm(directory, { recursive: true }))

/** The bundle of the corporate CA, with this mapping. */
function bundle(principal: TrustBundle['principal'], more: Partial<TrustBundle> = {}): TrustBundle {
  return {
    name: 'corp',
    roots: corp.pem,
    issuers: issuing.pem,
    revocationLists: issuing.revocationList() + corp.revocationList(),
    trustDomains: ['corp.example'],
    pins: [],
    principal,
    ...more,
  }
}

async function serverWith(t: TestContext, ...bundles: readonly TrustBundle[]): Promise<TestServer> {
  const server = await startServer({ bundles })
  t.after(async () => server.close())
  return server
}

async function credential(wanted: Wanted, ca = issuing): Promise<{ cert: string; key: string }> {
  const { pem, key } = ca.issue(wanted)
  return { cert: pem + ca.pem, key: await readFile(key, 'utf8') }
}

const names = (text: string): Wanted => ({ extensions: [...CLIENT_EXTENSIONS, `subjectAltName = ${text}`] })

/** Who the server takes the holder of a certificate for, or why it is turned away. */
async function whois(server: TestServer, wanted: Wanted, more: Partial<Ask> = {}): Promise<string> {
  const known = new Set(server.events)
  const answer = await ask({
    port: server.ports.certificates,
    ca: server.authority.rootPem,
    ...(await credential(wanted)),
    ...modern('tools/call', { name: 'whoami', arguments: {} }),
    ...more,
  })
  if (answer.status === 200) return /"principal":"([^"]+)"/.exec(answer.body)?.[1] ?? 'nobody'
  return (await server.event('request.refused', (event) => !known.has(event))).reason
}

test('SVIDs of another trust domain, for clients and servers, keep their domain', async (t) => {
  const server = await serverWith(t, bundle({ from: 'uri' }))
  const id = (path: string) => whois(server, names(`URI:spiffe://${path}`))
  assert.equal(await id('corp.example/service/billing'), 'service:corp.example/billing')
  assert.equal(await id('corp.example/agent/ns/prod/X_1'), 'agent:corp.example/ns/prod/X_1')
  assert.equal(
    await whois(server, names('URI:spiffe://corp.example/user/a,DNS:a,email:b@c')),
    'user:corp.example/a',
  )
  for (const path of [
    'corp.example/ns/prod/sa/billing',
    'corp.example/service',
    'corp.example/service/',
    'corp.example',
    'corp.example/service//billing',
    'corp.example.user/admin',
    'corp.example:8443/service/billing',
    'me@corp.example/service/billing',
    'corp.example/service/a?b',
    'corp.example/service/a\\#b',
    `corp.example/service/${'a'.repeat(250)}`,
    'sallyport.internal/user/admin',
    'sallyport.internal/service/corp.example/billing',
  ])
    assert.equal(await id(path), 'certificate_no_principal', path)
})

test('a kind of the rule holds for any path, and a pattern takes what it says', async (t) => {
  const server = await serverWith(
    t,
    bundle({ from: 'uri', kind: 'service', match: 'spiffe://corp.example/ns/*/sa/*' }),
  )
  const id = (path: string) => whois(server, names(`URI:spiffe://${path}`))
  assert.equal(await id('corp.example/ns/prod/sa/billing'), 'service:corp.example/ns/prod/sa/billing')
  assert.equal(await id('corp.example/ns/prod/sa/user/admin'), 'certificate_no_principal')
  assert.equal(await id('corp.example/user/admin'), 'certificate_no_principal')
})

test('a DNS name, in lower case', async (t) => {
  const server = await serverWith(t, bundle({ from: 'dns', kind: 'service' }))
  const id = (text: string) => whois(server, names(text))
  assert.equal(await id('DNS:Billing.CORP.example'), 'service:corp.example/billing.corp.example')
  assert.equal(await id('DNS:billing.other'), 'service:corp.example/billing.other')
  assert.equal(
    await id('DNS:a.corp.example, email:b@c, URI:spiffe://sallyport.internal/user/admin'),
    'service:corp.example/a.corp.example',
  )
  for (const text of [
    'DNS:*.corp.example',
    'DNS:a.example, DNS:b.example',
    'DNS:a.example, DNS:a.example',
    'DNS:a..example',
    'DNS:-a.example',
    'DNS:.example',
    'DNS:a.example.',
    'DNS:a_b.example',
    'email:a@corp.example',
    'IP:10.0.0.1',
    'URI:spiffe://corp.example/service/billing',
  ])
    assert.equal(await id(text), 'certificate_no_principal', text)
  assert.equal(await whois(server, { subject: '/CN=billing.corp.example' }), 'certificate_no_principal')
})

test('a mailbox: what is before the "@" to the letter, what is behind it in lower case', async (t) => {
  const server = await serverWith(t, bundle({ from: 'email', kind: 'user', match: '*@corp.example' }))
  const id = (text: string) => whois(server, names(text))
  assert.equal(await id('email:Alice.B+x@CORP.Example'), 'user:corp.example/Alice.B+x@corp.example')
  for (const text of [
    'email:alice@other.example',
    'email:alice@corp.example, email:bob@corp.example',
    'email:corp.example',
    'email:@corp.example',
    'email:a/b@corp.example',
    'email:a@b@corp.example',
    'email:"a b"@corp.example',
  ])
    assert.equal(await id(text), 'certificate_no_principal', text)
  assert.equal(
    await whois(server, { subject: '/CN=a/emailAddress=alice@corp.example' }),
    'certificate_no_principal',
  )
})

test('an attribute of the subject, where it is asked for by name', async (t) => {
  const server = await serverWith(t, bundle({ from: 'subject', attribute: 'CN', kind: 'agent' }))
  const id = (subject: string) => whois(server, { subject })
  assert.equal(await id('/O=corp.example/CN=Worker-1'), 'agent:corp.example/Worker-1')
  for (const subject of [
    '/CN=a/CN=b',
    '/CN=a+CN=b',
    '/O=corp.example',
    '/UID=alice',
    '/CN=Alice Smith',
    '/CN=а',
    '/CN=a\\/..\\/b',
    '/CN=..',
    '/CN=*',
  ])
    assert.equal(await id(subject), 'certificate_no_principal', subject)
  assert.equal(await id('/CN=a/serialNumber=1'), 'agent:corp.example/a')
  const byNumber = await serverWith(t, bundle({ from: 'subject', attribute: 'serialNumber', kind: 'user' }))
  assert.equal(await whois(byNumber, { subject: '/CN=admin/serialNumber=4711' }), 'user:corp.example/4711')
})

test('one CA in two bundles: who is named once is let in, who is named twice is nobody', async (t) => {
  const other = { name: 'corp again', trustDomains: ['again.example'] }
  const server = await serverWith(
    t,
    bundle({ from: 'uri' }),
    bundle({ from: 'dns', kind: 'service', match: '*.again.example' }, other),
  )
  const [uri, dns] = ['URI:spiffe://corp.example/service/billing', 'DNS:billing.again.example']
  assert.equal(await whois(server, names(uri)), 'service:corp.example/billing')
  assert.equal(await whois(server, names(dns)), 'service:again.example/billing.again.example')
  assert.equal(await whois(server, names(`${uri}, ${dns}`)), 'certificate_ambiguous')
  assert.equal(await whois(server, names(`${uri}, DNS:elsewhere.example`)), 'service:corp.example/billing')
})

test('what the corporate CA revokes is refused, also where another bundle does without its list', async (t) => {
  const revoked = issuing.issue(names('URI:spiffe://corp.example/service/billing'))
  const key = await readFile(revoked.key, 'utf8')
  const lists = issuing.revocationList(revoked) + corp.revocationList()
  const mail = { name: 'mail', trustDomains: ['mail.example'], revocationLists: lists }
  const server = await serverWith(
    t,
    bundle({ from: 'uri' }, { revocationLists: null }),
    bundle({ from: 'email', kind: 'user' }, mail),
  )
  const asked = whois(server, {}, { cert: revoked.pem + issuing.pem, key })
  assert.equal(await asked, 'certificate_revoked')
  assert.equal(await whois(server, names('URI:spiffe://corp.example/service/b')), 'service:corp.example/b')
  const without = await serverWith(t, bundle({ from: 'uri' }, { revocationLists: null }))
  assert.equal(
    await whois(without, {}, { cert: revoked.pem + issuing.pem, key }),
    'service:corp.example/billing',
  )
})

test('the policy grants to principals of other domains by their whole name', async (t) => {
  const server = await serverWith(t, bundle({ from: 'uri' }))
  server.setPolicy(
    policyOf(`version: 1
rules: []
roles:
  reader: [ "notes:read" ]
grants:
  - { service: corp.example/billing, roles: [ reader ] }
  - { service: billing, roles: [ reader ] }
`),
  )
  const seen = async (uri: string) => {
    const url = `https://127.0.0.1:${server.ports.certificates}/mcp`
    const tls = { ca: server.authority.rootPem, ...(await credential(names(uri))) }
    const someone = await connectClient('2.x pinned', url, tls)
    const { tools } = await someone.listTools()
    await someone.close()
    return tools.map(({ name }) => name)
  }
  assert.ok((await seen('URI:spiffe://corp.example/service/billing')).includes('notes_read'))
  assert.ok(!(await seen('URI:spiffe://corp.example/service/other')).includes('notes_read'))
})

test('without a CA of our own, the CAs of others are enough', async (t) => {
  const trust = await readTrust({ trustDomain: 'sallyport.internal', bundles: [bundle({ from: 'uri' })] })
  const server = await startServer({ bundles: [bundle({ from: 'uri' })], trust: () => trust })
  t.after(async () => server.close())
  assert.equal(await whois(server, names('URI:spiffe://corp.example/service/a')), 'service:corp.example/a')
  const known = new Set(server.events)
  const ours = await server.authority.client('demo')
  const agent = new Agent({ keepAlive: false })
  const answer = await ask({
    port: server.ports.certificates,
    ca: server.authority.rootPem,
    ...ours,
    agent,
    ...modern('tools/list'),
  })
  assert.equal(answer.status, 401)
  const event = await server.event('request.refused', (one) => !known.has(one))
  assert.equal(event.reason, 'certificate_untrusted')
})

test('bundles that could name somebody else’s principals, or nobody, are refused at load', async () => {
  const trustDomain = 'sallyport.internal'
  const refused = async (words: RegExp, ...bundles: readonly TrustBundle[]) =>
    assert.rejects(
      readTrust({ trustDomain, bundles }),
      (error) => isSallyportError(error) && words.test(error.message),
    )
  const uri = { from: 'uri' } as const
  await refused(/"sallyport\.internal" belongs to another/, bundle(uri, { trustDomains: [trustDomain] }))
  await refused(/"corp\.example" belongs to another/, bundle(uri), bundle(uri, { name: 'b' }))
  await refused(/no trust domain/, bundle(uri, { trustDomains: [] }))
  const within = bundle(uri, { name: 'b', trustDomains: ['corp.example/ns'] })
  await refused(/"corp\.example\/ns" is no trust domain/, bundle(uri), within)
  await refused(/"Corp\.example" is no trust domain/, bundle(uri, { trustDomains: ['Corp.example'] }))
  await refused(/needs a kind/, bundle({ from: 'dns' }))
  await refused(/attribute/, bundle({ from: 'subject', kind: 'user' }))
  await refused(/attribute/, bundle({ from: 'dns', attribute: 'CN', kind: 'user' }))
  await refused(
    /exactly one trust domain/,
    bundle({ from: 'dns', kind: 'user' }, { trustDomains: ['a', 'b'] }),
  )
})

test('a bundle whose CAs do not lead to its root, past its pins, is refused at load', async () => {
  const trustDomain = 'sallyport.internal'
  const read = async (more: Partial<TrustBundle>) =>
    readTrust({ trustDomain, bundles: [bundle({ from: 'uri' }, { revocationLists: null, ...more })] })
  const refused = async (words: RegExp, more: Partial<TrustBundle>) =>
    assert.rejects(
      read(more),
      (error) => isSallyportError(error, 'CERTIFICATE_INVALID') && words.test(error.message),
    )
  for (const pin of [corp.pin, issuing.pin]) assert.equal((await read({ pins: [pin] })).issuers.length, 1)
  const elsewhere = opensslRoot(directory, 'elsewhere')
  await refused(/"corp".*pinned.*[0-9a-f]{64}/, { pins: [elsewhere.pin] })
  await refused(/leads to none of the roots/, { roots: elsewhere.pem })
  await refused(/no revocation list/, { revocationLists: corp.revocationList() })
  const policy = corp.issueCa('policy')
  const below = policy.issueCa('below')
  const both = below.pem + policy.pem
  assert.equal((await read({ issuers: both })).issuers.length, 2)
  await refused(/leads to none of the roots/, { issuers: below.pem })
  const ca = (...extensions: string[]) =>
    corp.issueCa(`odd-${extensions.join('').length}`, { extensions }).pem
  const usage = 'keyUsage = critical, keyCertSign, cRLSign'
  for (const odd of [
    ca('basicConstraints = critical, CA:FALSE'),
    ca(usage),
    ca('basicConstraints = critical, CA:TRUE', 'keyUsage = critical, cRLSign'),
    ca('basicConstraints = critical, CA:TRUE', usage, 'extendedKeyUsage = serverAuth'),
    ca('basicConstraints = critical, CA:TRUE', usage, '1.2.3.4 = critical, ASN1:NULL'),
    ca(
      'basicConstraints = critical, CA:TRUE',
      usage,
      'policyConstraints = critical, requireExplicitPolicy:0',
    ),
    corp.issueCa('sha1', { digest: 'sha1' }).pem,
    corp.issueCa('small', { key: 'rsa:1024' }).pem,
  ])
    await refused(/leads to none of the roots/, { issuers: odd })
  const short = opensslRoot(directory, 'short', {
    extensions: ['basicConstraints = critical, CA:TRUE, pathlen:0', usage],
  })
  const one = short.issueCa('one')
  await refused(/leads to none of the roots/, { roots: short.pem, issuers: one.pem })
  const chain = [corp]
  for (let index = 0; index < 9; index++) chain.push((chain.at(-1) ?? corp).issueCa(`d${index}`))
  await refused(/leads to none of the roots/, {
    issuers: chain
      .slice(1)
      .map(({ pem }) => pem)
      .join(''),
  })
})

test('a CA that is revoked takes with it what it issued, and the CAs below it', async () => {
  const policy = corp.issueCa('policy2')
  const below = policy.issueCa('below2')
  const lists = below.revocationList() + policy.revocationList() + corp.revocationList(policy)
  const revoked = { issuers: below.pem + policy.pem, revocationLists: lists }
  const read = async () =>
    readTrust({ trustDomain: 'sallyport.internal', bundles: [bundle({ from: 'uri' }, revoked)] })
  assert.deepEqual((await read()).issuers, [])
})
