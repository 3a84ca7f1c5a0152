import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { certificateDetails, EXTENSION, type CertificateDetails } from '../../src/auth/certificate-details.ts'
import { isWithin, readNameConstraints, type NameConstraints } from '../../src/auth/name-constraints.ts'
import { openssl } from '../support/openssl.ts'
import {
  CA_EXTENSIONS,
  CLIENT_EXTENSIONS,
  opensslRoot,
  type Made,
  type OpensslCa,
} from '../support/openssl-ca.ts'

let directory: string
let root: OpensslCa
let made = 0
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-'))
  root = opensslRoot(directory, 'corp')
})
after(async () => rm(directory, { recursive: true }))

const detailsOf = ({ pem }: Made): CertificateDetails =>
  certificateDetails(new X509Certificate(pem).raw) ?? assert.fail()

/** What the real openssl makes of a leaf below a CA. */
function opensslAccepts(ca: OpensslCa, leaf: Made): boolean {
  return openssl('verify', '-CAfile', root.certificate, '-untrusted', ca.certificate, leaf.certificate).ok
}

function constrained(...lines: readonly string[]): { ca: OpensslCa; constraints: NameConstraints } {
  made += 1
  const ca = root.issueCa(`c${made}`, { extensions: [...CA_EXTENSIONS, ...lines] })
  const { extensions } = detailsOf(ca)
  const extension = extensions.get(EXTENSION.nameConstraints) ?? assert.fail()
  return { ca, constraints: readNameConstraints(extension.value) ?? assert.fail() }
}

/** Names, and whether they are within; where openssl says no, we say no. */
type Names = Readonly<Record<string, boolean>>
const CASES: readonly (readonly [constraints: string, names: Names])[] = [
  [
    'permitted;URI:corp.example',
    {
      'URI:spiffe://corp.example/a': true,
      'URI:https://CORP.example:8443/a': false,
      'URI:https://CORP.example/a': true,
      'URI:spiffe://a.corp.example/a': false,
      'URI:spiffe://other.example/a': false,
      'URI:spiffe://corp.example.evil/a': false,
      'URI:spiffe://corp.example@evil/a': false,
      'URI:urn:x': false,
      'URI:spiffe://corp.example/a, URI:spiffe://other.example/a': false,
      'DNS:anything.example': true,
    },
  ],
  [
    'permitted;URI:.corp.example',
    { 'URI:spiffe://a.corp.example/a': true, 'URI:spiffe://corp.example/a': false },
  ],
  [
    'excluded;URI:corp.example',
    { 'URI:spiffe://corp.example/a': false, 'URI:spiffe://other.example/a': true, 'URI:urn:x': false },
  ],
  [
    'permitted;DNS:corp.example',
    {
      'DNS:corp.example': true,
      'DNS:a.b.CORP.example': true,
      'DNS:evilcorp.example': false,
      'DNS:example': false,
      'DNS:*.corp.example': false,
    },
  ],
  ['excluded;DNS:secret.corp.example', { 'DNS:*.corp.example': false, 'DNS:a.corp.example': true }],
  [
    'permitted;email:corp.example',
    {
      'email:a@corp.example': true,
      'email:a@CORP.example': true,
      'email:a@b.corp.example': false,
      'email:a@corp.example@evil.example': false,
    },
  ],
  [
    'permitted;email:alice@corp.example',
    { 'email:alice@corp.example': true, 'email:Alice@corp.example': false, 'email:bob@corp.example': false },
  ],
  [
    'permitted;IP:10.1.0.0/255.255.0.0',
    { 'IP:10.1.2.3': true, 'IP:10.2.0.1': false, 'IP:::ffff:10.1.2.3': false },
  ],
  [
    'permitted;otherName:1.2.3;UTF8:x',
    { 'otherName:1.2.3;UTF8:x': false, 'RID:1.2.3': false, 'DNS:a.example': true },
  ],
]

for (const [line, names] of CASES)
  test(`constraints "${line}" hold as openssl has them, or more strictly`, () => {
    const { ca, constraints } = constrained(`nameConstraints = critical, ${line}`)
    for (const [text, within] of Object.entries(names)) {
      const leaf = ca.issue({ extensions: [...CLIENT_EXTENSIONS, `subjectAltName = ${text}`] })
      assert.equal(isWithin(constraints, detailsOf(leaf)), within, text)
      const verified = openssl(
        'verify',
        '-CAfile',
        root.certificate,
        '-untrusted',
        ca.certificate,
        leaf.certificate,
      )
      if (within) assert.ok(verified.ok, `${text}\n${verified.output}`)
    }
  })

test('a directory name is bounded by its beginning, whatever its case and type of text', () => {
  const directoryName = ['', '[bound]', 'C = DE', 'O = Corp  Example', '[more]'].join('\n')
  const permitted = constrained(`nameConstraints = critical, permitted;dirName:bound${directoryName}`)
  const excluded = constrained(`nameConstraints = critical, excluded;dirName:bound${directoryName}`)
  for (const [subject, within] of Object.entries({
    '/C=DE/O=Corp Example/CN=a': true,
    '/C=DE/O=CORP example/CN=a': true,
    '/C=DE/O=Corp Example': true,
    '/C=DE/CN=a': false,
    '/O=Corp Example/C=DE/CN=a': false,
    '/C=DE/O=Corp Example Evil/CN=a': false,
  })) {
    for (const [{ ca, constraints }, expected] of [
      [permitted, within],
      [excluded, !within],
    ] as const) {
      const leaf = ca.issue({ subject, extensions: CLIENT_EXTENSIONS })
      assert.equal(isWithin(constraints, detailsOf(leaf)), expected, subject)
      assert.equal(opensslAccepts(ca, leaf), expected, subject)
    }
  }
})

test('what programs of old read in a subject is bounded, too', () => {
  const { ca, constraints } = constrained(
    'nameConstraints = critical, permitted;DNS:corp.example, permitted;email:corp.example',
  )
  for (const [subject, within] of Object.entries({
    '/CN=a.corp.example': true,
    '/CN=Alice': true,
    '/CN=a.other.example': false,
    '/CN=a/emailAddress=a@corp.example': true,
    '/CN=a/emailAddress=a@other.example': false,
  })) {
    const leaf = ca.issue({ subject, extensions: CLIENT_EXTENSIONS })
    assert.equal(isWithin(constraints, detailsOf(leaf)), within, subject)
    assert.equal(opensslAccepts(ca, leaf), within, subject)
  }
})

test('constraints that cannot be read are none', () => {
  for (const hex of [
    '',
    '3000',
    '0500',
    '3002a000ff',
    '3004a000a000',
    '3004a100a100',
    '3002a200',
    '30053003020101',
  ])
    assert.equal(readNameConstraints(Buffer.from(hex, 'hex')), undefined, hex)
  // A subtree with a minimum, which this profile does not have.
  assert.equal(readNameConstraints(Buffer.from('300aa0083006820161800100', 'hex')), undefined)
  assert.deepEqual(readNameConstraints(Buffer.from('3007a0053003820161', 'hex')), {
    permitted: [{ type: 'dns', value: 'a' }],
    excluded: [],
  })
})
