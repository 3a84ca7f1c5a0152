import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { newAuthority, signerOf } from '../../src/pki/authority.ts'
import { certificatePem, certify } from '../../src/pki/certify.ts'
import { issueClient, issueServer } from '../../src/pki/issue.ts'
import { firstForbidden } from '../../src/pki/name-constraints.ts'
import { clientTemplate, LIFETIME, serverTemplate, type CertificateTemplate } from '../../src/pki/profile.ts'
import { addressOctets, serverNames } from '../../src/pki/server-names.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const TRUST_DOMAIN = 'sallyport.internal'
const NOW = Date.now()

interface Place {
  /** What openssl says of a certificate that this CA signs. */
  verify(template: CertificateTemplate): Promise<boolean>
  readonly signer: ReturnType<typeof signerOf>
}

async function authority(t: TestContext, ...servers: readonly string[]): Promise<Place> {
  const directory = await temporaryDirectory(t)
  const { root, issuing } = await newAuthority(TRUST_DOMAIN, NOW, { servers: serverNames(servers) })
  const path = (name: string): string => join(directory, name)
  await writeFile(path('root.pem'), certificatePem(root.certificate))
  await writeFile(path('issuing.pem'), certificatePem(issuing.certificate))
  const signer = signerOf(issuing)
  return {
    signer,
    async verify(template) {
      await writeFile(path('leaf.pem'), certificatePem((await certify(template, signer)).certificate))
      const trust = ['-CAfile', path('root.pem'), '-untrusted', path('issuing.pem')]
      return openssl('verify', '-x509_strict', ...trust, path('leaf.pem')).ok
    },
  }
}

function client(trustDomain: string, name = 'billing'): CertificateTemplate {
  return clientTemplate({ trustDomain, kind: 'service', name }, LIFETIME.client, NOW)
}

function server(...names: readonly string[]): CertificateTemplate {
  return serverTemplate(serverNames(names), NOW)
}

describe('the issuing CA', () => {
  it('certifies URIs of its trust domain only', async (t) => {
    const { verify } = await authority(t)
    assert.equal(await verify(client(TRUST_DOMAIN)), true)
    for (const other of ['corp.example', `x.${TRUST_DOMAIN}`, 'internal', `${TRUST_DOMAIN}.example`])
      assert.equal(await verify(client(other)), false, other)
  })

  it('certifies any server, unless it was told which', async (t) => {
    const { verify } = await authority(t)
    assert.equal(await verify(server('anything.example', '192.0.2.1', '2001:db8::1')), true)
  })

  it('certifies the servers that it was told, with all below them, this machine, and no others', async (t) => {
    const { verify, signer } = await authority(t, 'mcp.example', '10.0.0.7', '2001:db8::1')
    const good = [
      'mcp.example',
      'a.b.mcp.example',
      'localhost',
      '127.0.0.1',
      '::1',
      '10.0.0.7',
      '2001:db8:0::1',
    ]
    const bad = ['example', 'xmcp.example', 'mcp.example.org', '10.0.0.8', '127.0.0.2', '2001:db8::2']
    for (const [names, expected] of [
      [good, true],
      [bad, false],
    ] as const)
      for (const name of names) {
        assert.equal(await verify(server(name)), expected, name)
        const forbidden = firstForbidden(signer.certificate, serverNames([name]))
        assert.equal(forbidden === undefined, expected, `as we see it: ${name}`)
      }
    assert.equal(await verify(server('mcp.example', 'evil.example')), false)
  })

  it('certifies clients whose name looks like that of a host, where it may certify few hosts', async (t) => {
    const { verify } = await authority(t, 'mcp.example')
    for (const name of ['ci.runner', 'a.b.c', 'www.example.org', 'billing'])
      assert.equal(await verify(client(TRUST_DOMAIN, name)), true, name)
  })

  it('is not asked to sign what nobody would believe', async (t) => {
    const { signer } = await authority(t, 'mcp.example')
    await assert.rejects(issueServer(signer, serverNames(['localhost', 'evil.example']), NOW), {
      code: 'NAME_INVALID',
      message: /^evil\.example is not among the names/,
    })
    const identity = { trustDomain: 'corp.example', kind: 'user', name: 'admin' } as const
    await assert.rejects(issueClient(signer, identity, LIFETIME.client, NOW), {
      code: 'NAME_INVALID',
      message: /^spiffe:\/\/corp\.example\/user\/admin is not/,
    })
  })
})

describe('the octets of an address', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['127.0.0.1', '7f000001'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['1::', `0001${'0'.repeat(28)}`],
    ['2001:db8:0:0:1:0:0:1', '20010db8000000000001000000000001'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ]
  for (const [address, hex] of cases)
    it(`${address} are ${hex}`, () => assert.equal(addressOctets(address).toString('hex'), hex))
})
