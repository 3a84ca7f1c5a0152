import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RefusalReason } from '../../src/auth/authenticator.ts'
import { admitCertificate } from '../../src/auth/certificate.ts'
import { ask, modern } from '../support/clients.ts'
import { forged, type ClientVariation, type TestPair } from '../support/certificates.ts'
import {
  CA_EXTENSIONS,
  caOf,
  CLIENT_EXTENSIONS,
  opensslRoot,
  type Made,
  type OpensslCa,
  type Wanted,
} from '../support/openssl-ca.ts'
import { startServer, type TestServer } from '../support/server.ts'

/**
 * What becomes of a certificate: of whom it is, or who turned it away (TLS by an alert or a close, or one 401) and for
 * which reason on record; and for which reason admission turns it away where TLS has not looked.
 */
type Fate = `service:${string}` | `user:${string}` | readonly [RefusalReason, 'tls' | '401', RefusalReason?]

interface Row {
  readonly fate: Fate
  readonly pair: () => Promise<TestPair> | TestPair
}

let directory: string
let server: TestServer
let own: OpensslCa
let ownRoot: OpensslCa
let corp: OpensslCa
let corpIssuing: OpensslCa
let constrained: OpensslCa
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-table-'))
  corp = opensslRoot(directory, 'corp')
  corpIssuing = corp.issueCa('issuing')
  constrained = corp.issueCa('constrained', {
    extensions: [
      ...CA_EXTENSIONS,
      'nameConstraints = critical, permitted;URI:corp.example, excluded;DNS:secret.example',
    ],
  })
  const issuers = corpIssuing.pem + constrained.pem
  server = await startServer({
    bundles: [
      {
        name: 'corp',
        roots: corp.pem,
        issuers,
        revocationLists: [corp, corpIssuing, constrained].map((ca) => ca.revocationList()).join(''),
        trustDomains: ['corp.example', 'other.corp.example'],
        pins: [corp.pin],
        principal: { from: 'uri' },
      },
    ],
  })
  const { files } = server.authority
  own = caOf(directory, 'own', files.issuing, files.issuingKey)
  ownRoot = caOf(directory, 'own-root', files.root, files.rootKey)
})
after(async () => {
  await server.close()
  await rm(directory, { recursive: true })
})

const OWN = 'URI:spiffe://sallyport.internal/service/demo'
const ADMIN = 'URI:spiffe://sallyport.internal/user/admin'
/** What our own CA writes into a client's certificate, with these names. */
const client = (names: string, ...more: readonly string[]): readonly string[] => [
  'basicConstraints = critical, CA:FALSE',
  'keyUsage = critical, digitalSignature',
  'extendedKeyUsage = clientAuth',
  'authorityKeyIdentifier = keyid',
  `subjectAltName = ${names}`,
  ...more,
]
/** The same with other lines for some of them; an empty one leaves it out. */
const but = (lines: readonly string[], ...others: readonly string[]): readonly string[] => [
  ...lines.filter((line) => !others.some((other) => other.split(' = ')[0] === line.split(' = ')[0])),
  ...others.filter((line) => !line.endsWith(' = ')),
]
const pairOf = async ({ pem, key }: Made, ...chain: readonly string[]): Promise<TestPair> => ({
  cert: [pem, ...chain].join(''),
  key: await readFile(key, 'utf8'),
})
const ours =
  (extensions: readonly string[], wanted: Wanted = {}) =>
  async () =>
    pairOf(own.issue({ extensions, ...wanted }), own.pem)
const theirs =
  (names: string, wanted: Wanted = {}, issuer: () => OpensslCa = () => corpIssuing) =>
  async () => {
    const ca = issuer()
    const extensions = [...CLIENT_EXTENSIONS, `subjectAltName = ${names}`]
    return pairOf(ca.issue({ extensions, ...wanted }), ca.pem)
  }
const varied = (variation: ClientVariation) => async () => server.authority.client('demo', variation)
/** GeneralNames of which openssl would not write one: a URI of these octets. */
const uriOctets = (text: string) => {
  const octets = Buffer.from(text, 'latin1')
  const length = octets.length + 2
  return `subjectAltName = DER:30${length.toString(16)}86${octets.length.toString(16)}${octets.toString('hex')}`
}
const named = (text: string) => ours([...but(client(OWN), 'subjectAltName = '), uriOctets(text)])
const many = (count: number, kind: string) =>
  Array.from({ length: count }, (_, index) => `${kind}${index}.example`).join(', ')

const UNTRUSTED = 'certificate_untrusted'
const USAGE = 'certificate_wrong_usage'
const NOBODY = 'certificate_no_principal'

const table: Readonly<Record<string, Row>> = {
  'as our CA issues it': { fate: 'service:demo', pair: varied('good') },
  'as our CA issues it, by openssl': { fate: 'service:demo', pair: ours(client(OWN)) },
  'with an RSA key of 2048 bits': { fate: 'service:demo', pair: ours(client(OWN), { key: 'rsa:2048' }) },
  'with an Ed25519 key': { fate: 'service:demo', pair: ours(client(OWN), { key: 'ed25519' }) },
  'with an unknown extension that is not critical': {
    fate: 'service:demo',
    pair: ours(client(OWN, '1.2.3.4 = ASN1:UTF8String:x')),
  },
  'without the issuing CA, which the server has': {
    fate: 'service:demo',
    pair: async () => pairOf(own.issue({ extensions: client(OWN) })),
  },
  'of another trust domain, by the CA that owns it': {
    fate: 'service:corp.example/billing',
    pair: theirs('URI:spiffe://corp.example/service/billing'),
  },
  'of another trust domain, within the constraints of its CA': {
    fate: 'user:corp.example/alice',
    pair: theirs('URI:spiffe://corp.example/user/alice', {}, () => constrained),
  },

  expired: { fate: ['certificate_expired', 'tls'], pair: varied('expired') },
  'not yet valid': { fate: ['certificate_not_yet_valid', 'tls'], pair: varied('not-yet-valid') },
  'for servers': { fate: [USAGE, 'tls'], pair: varied('server-usage') },
  'for clients and servers, by our CA': {
    fate: [USAGE, '401'],
    pair: ours(but(client(OWN), 'extendedKeyUsage = clientAuth, serverAuth')),
  },
  'for clients and anything': {
    fate: [USAGE, '401'],
    pair: ours(but(client(OWN), 'extendedKeyUsage = clientAuth, anyExtendedKeyUsage')),
  },
  'for clients and anything, by another CA': {
    fate: [USAGE, '401'],
    pair: async () =>
      pairOf(
        corpIssuing.issue({
          extensions: but(
            client('URI:spiffe://corp.example/service/billing'),
            'extendedKeyUsage = clientAuth, anyExtendedKeyUsage',
          ),
        }),
        corpIssuing.pem,
      ),
  },
  'for anything': {
    fate: [USAGE, 'tls'],
    pair: ours(but(client(OWN), 'extendedKeyUsage = anyExtendedKeyUsage')),
  },
  'for nothing in particular': { fate: [USAGE, '401'], pair: varied('no-usage') },
  'for nothing in particular, by another CA': {
    fate: [USAGE, '401'],
    pair: async () =>
      pairOf(
        corpIssuing.issue({
          extensions: but(client('URI:spiffe://corp.example/service/billing'), 'extendedKeyUsage = '),
        }),
        corpIssuing.pem,
      ),
  },
  'without key usage': { fate: [USAGE, '401'], pair: ours(but(client(OWN), 'keyUsage = ')) },
  'that may not sign': {
    fate: [USAGE, 'tls'],
    pair: ours(but(client(OWN), 'keyUsage = critical, keyEncipherment'), { key: 'rsa:2048' }),
  },
  'that may sign certificates': {
    fate: [USAGE, '401'],
    pair: ours(but(client(OWN), 'keyUsage = critical, digitalSignature, keyCertSign')),
  },
  'that may sign revocation lists': {
    fate: [USAGE, '401'],
    pair: ours(but(client(OWN), 'keyUsage = critical, digitalSignature, cRLSign')),
  },
  'of a CA below the issuing CA': { fate: [USAGE, '401'], pair: varied('ca') },
  'of a CA, without the right to sign certificates': {
    fate: [USAGE, '401'],
    pair: ours(but(client(OWN), 'basicConstraints = critical, CA:TRUE')),
  },
  'of the issuing CA itself': {
    fate: [USAGE, 'tls', UNTRUSTED],
    pair: async () => pairOf(own),
  },
  'of a corporate CA itself': {
    fate: [USAGE, 'tls'],
    pair: async () => pairOf(corpIssuing, corp.pem),
  },
  'issued by the root directly': {
    fate: [UNTRUSTED, '401'],
    pair: async () => pairOf(ownRoot.issue({ extensions: client(ADMIN) })),
  },
  'with an unknown critical extension': {
    fate: [UNTRUSTED, 'tls'],
    pair: ours(client(OWN, '1.2.3.4 = critical, ASN1:UTF8String:x')),
  },
  'with name constraints of its own, critical': {
    fate: [UNTRUSTED, '401'],
    pair: ours(client(OWN, 'nameConstraints = critical, permitted;URI:sallyport.internal')),
  },
  'that breaks the constraints of its CA': {
    fate: [UNTRUSTED, 'tls'],
    pair: theirs('URI:spiffe://other.corp.example/service/billing', {}, () => constrained),
  },
  'that breaks what its CA excludes': {
    fate: [UNTRUSTED, 'tls'],
    pair: theirs('URI:spiffe://corp.example/service/billing, DNS:a.secret.example', {}, () => constrained),
  },
  'of another trust domain, by our CA': { fate: [UNTRUSTED, 'tls'], pair: varied('other-trust-domain') },
  'of ours, by another CA': { fate: [NOBODY, '401'], pair: theirs(ADMIN) },
  'of a trust domain that nobody owns': {
    fate: [NOBODY, '401'],
    pair: theirs('URI:spiffe://nobody.example/user/admin'),
  },
  'of a trust domain that begins like one of theirs': {
    fate: [NOBODY, '401'],
    pair: theirs('URI:spiffe://corp.example.evil/user/admin'),
  },
  'signed with SHA-1': { fate: [UNTRUSTED, 'tls'], pair: ours(client(OWN), { digest: 'sha1' }) },
  'with an RSA key of 1024 bits': { fate: [UNTRUSTED, 'tls'], pair: ours(client(OWN), { key: 'rsa:1024' }) },
  'with a key on another curve, which TLS 1.3 cannot sign with': {
    fate: ['no_credential', 'tls', UNTRUSTED],
    pair: ours(client(OWN), { key: 'ec:secp256k1' }),
  },
  'signed by itself': {
    fate: [UNTRUSTED, 'tls'],
    pair: async () => pairOf(opensslRoot(directory, 'self', { extensions: client(ADMIN) })),
  },
  'of a CA with our names and other keys': { fate: [UNTRUSTED, 'tls'], pair: varied('other-ca') },
  'with a bit of its signature changed': {
    fate: [UNTRUSTED, 'tls'],
    pair: async () => {
      const { cert, key } = await server.authority.client('demo')
      return { cert: forged(cert) + own.pem, key }
    },
  },
  revoked: {
    fate: ['certificate_revoked', '401'],
    pair: async () => {
      const pair = await server.authority.client('demo', 'revoked')
      await server.reloadTrust()
      return pair
    },
  },
  'with two URIs': { fate: [NOBODY, '401'], pair: varied('two-uris') },
  'with two URIs, by another CA': {
    fate: [NOBODY, '401'],
    pair: theirs('URI:spiffe://corp.example/service/a, URI:spiffe://corp.example/service/b'),
  },
  'with a URI and a DNS name': { fate: [NOBODY, '401'], pair: ours(client(`${OWN}, DNS:localhost`)) },
  'without a name': { fate: [NOBODY, '401'], pair: ours(but(client(OWN), 'subjectAltName = ')) },
  'with a name in its subject alone': {
    fate: [NOBODY, '401'],
    pair: ours(but(client(OWN), 'subjectAltName = '), { subject: '/CN=admin' }),
  },
  'with an empty name': { fate: [NOBODY, '401'], pair: named('spiffe://sallyport.internal/service/') },
  'with an empty kind': { fate: [NOBODY, '401'], pair: named('spiffe://sallyport.internal//demo') },
  'with a NUL in its name': {
    fate: [NOBODY, '401'],
    pair: named('spiffe://sallyport.internal/user/admin\0.x'),
  },
  'with a NUL behind its name': {
    fate: [NOBODY, '401'],
    pair: named('spiffe://sallyport.internal/user/admin\0'),
  },
  'with a line break behind its name': {
    fate: [NOBODY, '401'],
    pair: named('spiffe://sallyport.internal/user/admin\n'),
  },
  'with a comma and a second URI in its name': {
    fate: [NOBODY, '401'],
    pair: named('spiffe://sallyport.internal/service/x, URI:spiffe://sallyport.internal/user/admin'),
  },
  'with a letter that looks like another': {
    fate: [NOBODY, '401'],
    pair: named(Buffer.from('spiffe://sallyport.internal/user/аdmin').toString('latin1')),
  },
  'with such a letter, by another CA': {
    fate: [NOBODY, '401'],
    pair: async () => {
      const text = Buffer.from('spiffe://corp.example/user/аdmin').toString('latin1')
      return pairOf(
        corpIssuing.issue({ extensions: [...CLIENT_EXTENSIONS, uriOctets(text)] }),
        corpIssuing.pem,
      )
    },
  },
  'with percent signs in its name': {
    fate: [NOBODY, '401'],
    pair: named('spiffe://sallyport.internal/user/%61dmin'),
  },
  'with percent signs in its name, by another CA': {
    fate: [NOBODY, '401'],
    pair: theirs('URI:spiffe://corp.example/user/%61dmin'),
  },
  'with dots for a segment, by another CA': {
    fate: [NOBODY, '401'],
    pair: theirs('URI:spiffe://corp.example/user/../admin'),
  },
  'with capital letters in its name': {
    fate: [NOBODY, '401'],
    pair: named('spiffe://sallyport.internal/user/Admin'),
  },
  'with capital letters in its trust domain': {
    fate: [NOBODY, '401'],
    pair: named('spiffe://SALLYPORT.internal/user/admin'),
  },
  'with 100 names': { fate: [UNTRUSTED, '401'], pair: theirs(many(100, 'DNS:a')) },
  'with 100 URIs of one principal': {
    fate: [UNTRUSTED, '401'],
    pair: theirs(Array.from({ length: 100 }, () => 'URI:spiffe://corp.example/user/admin').join(', ')),
  },
  'at the end of a chain of ten': {
    fate: [UNTRUSTED, '401'],
    pair: async () => {
      const chain = [corp]
      for (let below = 1; below <= 8; below++) chain.unshift((chain[0] ?? corp).issueCa(`c${below}`))
      const [issuing = corp, ...above] = chain
      const leaf = issuing.issue({
        extensions: [...CLIENT_EXTENSIONS, 'subjectAltName = URI:spiffe://corp.example/service/billing'],
      })
      return pairOf(leaf, issuing.pem, ...above.map(({ pem }) => pem))
    },
  },
  'of a CA below a corporate root that is not among its issuers': {
    fate: [UNTRUSTED, '401'],
    pair: theirs('URI:spiffe://corp.example/service/billing', {}, () => corp.issueCa('stray')),
  },
  'of such a CA, without it': {
    fate: [UNTRUSTED, 'tls'],
    pair: async () =>
      pairOf(
        corp.issueCa('missing').issue({
          extensions: [...CLIENT_EXTENSIONS, 'subjectAltName = URI:spiffe://corp.example/service/billing'],
        }),
      ),
  },
  'with a ceiling that cannot be read': {
    fate: ['certificate_ceiling_unreadable', '401'],
    pair: ours(
      client(OWN, '1.2.840.113556.1.8000.2554.17657.57134.6034.16471.37353.3967012.3495174 = ASN1:NULL'),
    ),
  },
}

const whoami = modern('tools/call', { name: 'whoami', arguments: {} })

for (const [what, { fate, pair }] of Object.entries(table))
  test(`a certificate ${what}: ${typeof fate === 'string' ? fate : `${fate[0]} (${fate[1]})`}`, async () => {
    const presented = await pair()
    const known = new Set(server.events)
    const answer = await ask({
      port: server.ports.certificates,
      ca: server.authority.rootPem,
      ...presented,
      // So that the client does not keep back what is too weak for it.
      ciphers: 'DEFAULT@SECLEVEL=0',
      ...whoami,
    }).catch(() => 'closed' as const)
    const admitted = admitCertificate(
      { kind: 'verified', certificate: new X509Certificate(presented.cert) },
      server.trust(),
      Date.now(),
    ).outcome
    if (typeof fate === 'string') {
      assert.ok(answer !== 'closed' && answer.status === 200, JSON.stringify(answer))
      assert.match(answer.body, new RegExp(`"principal":"${fate}"`))
      assert.equal(admitted.kind === 'identified' && admitted.identity.principal.id, fate)
      return
    }
    const [reason, by, direct = reason] = fate
    const event = await server.event('request.refused', (one) => !known.has(one))
    assert.deepEqual(
      [event.reason, event.layer, answer === 'closed' ? 'tls' : String(answer.status)],
      [reason, by === 'tls' ? 'tls' : 'http', by],
    )
    assert.deepEqual(admitted, { kind: 'refused', reason: direct })
  })

test('who was let in is who was meant, and nobody else', () => {
  const decided = server.events.flatMap((event) => (event.event === 'tool.decided' ? event.principal : []))
  const wanted = Object.values(table).flatMap(({ fate }) => (typeof fate === 'string' ? fate : []))
  assert.deepEqual(decided, wanted)
})
