import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { newAuthority, signerOf } from '../../src/pki/authority.ts'
import { certificatePem, certify } from '../../src/pki/certify.ts'
import { signRevocationList } from '../../src/pki/crl.ts'
import { privateKeyPem } from '../../src/pki/key.ts'
import { pemBlocks, pemOf } from '../../src/pki/pem.ts'
import { serverTemplate, type CertificateTemplate } from '../../src/pki/profile.ts'
import { serverNames } from '../../src/pki/server-names.ts'
import type { TestPair } from '../support/certificates.ts'
import { ask, modern } from '../support/clients.ts'
import { serving, type Served } from '../support/command.ts'
import { installation, type Installation } from '../support/installation.ts'

const HOUR = 3_600_000

/** One way to spoil a file, and what is said about it. */
interface Row {
  readonly what: string
  readonly spoil: (at: Installation) => Promise<unknown>
  readonly says: RegExp
}

/** What is refused, as the log, readiness, metrics and the audit trail call it. */
type Kind = 'server certificate' | 'trust' | 'access policy'

/** Another certificate of the server, by the same CA. */
async function pair(
  { authority }: Installation,
  change: Partial<CertificateTemplate> = {},
): Promise<TestPair> {
  const template = { ...serverTemplate(serverNames(['localhost', '127.0.0.1']), Date.now()), ...change }
  const { certificate, keys } = await certify(template, authority.issuer)
  return {
    cert: certificatePem(certificate) + authority.issuingPem,
    key: await privateKeyPem(keys.privateKey),
  }
}

async function putPair({ authority }: Installation, { cert, key }: TestPair): Promise<void> {
  await put(authority.serverFiles.key, key, 0o600)
  await put(authority.serverFiles.certificate, cert)
}

async function put(path: string, content: string, mode = 0o644): Promise<void> {
  await writeFile(`${path}.new`, content, { mode })
  await rename(`${path}.new`, path)
}

async function inPlaceOf(path: string, make: () => Promise<unknown>): Promise<void> {
  await rm(path)
  await make()
}

const certificateRows: readonly Row[] = [
  {
    what: 'a certificate that is none',
    spoil: async ({ authority }) => put(authority.serverFiles.certificate, 'nonsense\n'),
    says: /server\.pem holds no certificate that can be read/,
  },
  {
    what: 'the key of another certificate',
    spoil: async (at) => put(at.authority.serverFiles.key, (await pair(at)).key, 0o600),
    says: /server\.pem does not belong to the key .*server\.key\.pem/,
  },
  {
    what: 'an expired certificate',
    spoil: async (at) =>
      putPair(at, await pair(at, { notBefore: Date.now() - 2 * HOUR, notAfter: Date.now() - HOUR })),
    says: /server\.pem .* expired at /,
  },
  {
    what: 'a certificate for clients',
    spoil: async (at) => putPair(at, await pair(at, { purposes: ['clientAuth'] })),
    says: /is not for servers/,
  },
  {
    what: 'a certificate that names no host',
    spoil: async (at) => putPair(at, await pair(at, { names: [{ type: 'url', value: 'spiffe://a/b' }] })),
    says: /names no host/,
  },
]

const certificateFileRows: readonly Row[] = [
  {
    what: 'an empty file',
    spoil: async ({ authority }) => put(authority.serverFiles.certificate, ''),
    says: /holds no certificate/,
  },
  {
    what: 'a chain that is cut short',
    spoil: async ({ authority }) =>
      put(authority.serverFiles.certificate, authority.server.cert.slice(0, -300)),
    says: /server\.pem is cut short/,
  },
  {
    what: 'a pipe',
    spoil: async ({
      authority: {
        serverFiles: { key },
      },
    }) => inPlaceOf(key, async () => promisify(execFile)('mkfifo', [key])),
    says: /server\.key\.pem is not a regular file/,
  },
  {
    what: 'a directory',
    spoil: async ({
      authority: {
        serverFiles: { certificate },
      },
    }) => inPlaceOf(certificate, async () => mkdir(certificate)),
    says: /server\.pem (?:is not a regular file|cannot be read)/,
  },
  {
    what: 'what cannot be read',
    spoil: async ({
      authority: {
        serverFiles: { certificate },
      },
    }) => inPlaceOf(certificate, async () => symlink(certificate, certificate)),
    says: /server\.pem cannot be read \(ELOOP\)/,
  },
  {
    what: 'a key that others may read',
    spoil: async ({ authority }) => chmod(authority.serverFiles.key, 0o644),
    says: /server\.key\.pem is open to others than its owner \(mode 644\): run "chmod 600/,
  },
]

/** What the list of the issuing CA says; of now unless told. Times in ms since the epoch. */
interface ListSays {
  readonly number: bigint
  readonly by?: 'another CA'
  readonly thisUpdate?: number
  readonly nextUpdate?: number
}

/** The list of the issuing CA as a test wants it, and the root's as it is. */
async function lists({ authority }: Installation, { number, by, ...times }: ListSays): Promise<string> {
  const signer =
    by === undefined
      ? authority.issuer
      : signerOf((await newAuthority(authority.trustDomain, Date.now())).issuing)
  const life = { thisUpdate: Date.now() - HOUR, nextUpdate: Date.now() + 720 * HOUR, ...times }
  const [, root] = pemBlocks(await authority.revocationLists())
  return (
    (await signRevocationList({ number, entries: [], ...life }, signer)) +
    pemOf('X509 CRL', root?.der ?? Buffer.alloc(0))
  )
}

const trustRows: readonly Row[] = [
  {
    what: 'a revocation list of another CA of the same name',
    spoil: async (at) =>
      put(at.authority.files.revocationLists, await lists(at, { number: 9n, by: 'another CA' })),
    says: /block 1 is not signed by a CA that is trusted here \(.*crl\.pem\)/,
  },
  {
    what: 'a revocation list with a forged entry',
    async spoil({ authority }) {
      const [issuing, root] = pemBlocks(await authority.revocationLists())
      const der = Buffer.from(issuing?.der ?? '')
      der.writeUInt8(der.readUInt8(der.length - 5) ^ 1, der.length - 5)
      await put(authority.files.revocationLists, pemOf('X509 CRL', der) + pemOf('X509 CRL', root?.der ?? der))
    },
    says: /block 1 is not signed/,
  },
  {
    what: 'an older revocation list',
    spoil: async (at) => put(at.authority.files.revocationLists, await lists(at, { number: 1n })),
    says: /is older \(number 1\) than the last one that was in force \(2\): put the newest one there/,
  },
  {
    what: 'another revocation list of the same number',
    spoil: async (at) => put(at.authority.files.revocationLists, await lists(at, { number: 2n })),
    says: /has the number of the last one that was in force \(2\) and another content/,
  },
]

const trustFileRows: readonly Row[] = [
  {
    what: 'a revocation list that is to come',
    spoil: async (at) =>
      put(at.authority.files.revocationLists, await lists(at, { number: 3n, thisUpdate: Date.now() + HOUR })),
    says: /issuing CA" is of .*, which is to come: check the clock \(.*crl\.pem/,
  },
  {
    what: 'a revocation list that has ended, after one that has not',
    spoil: async (at) =>
      put(at.authority.files.revocationLists, await lists(at, { number: 3n, nextUpdate: Date.now() - 1000 })),
    says: /issuing CA" ended at .*: have it signed anew/,
  },
  {
    what: 'revocation lists that are cut short',
    spoil: async ({ authority }) =>
      put(authority.files.revocationLists, (await authority.revocationLists()).slice(0, -100)),
    says: /a PEM block is broken or cut short \(.*crl\.pem\)/,
  },
  {
    what: 'no list of the issuing CA',
    async spoil({ authority }) {
      const [, root] = pemBlocks(await authority.revocationLists())
      await put(authority.files.revocationLists, pemOf('X509 CRL', root?.der ?? Buffer.alloc(0)))
    },
    says: /there is no revocation list of the CA "O=.*issuing/,
  },
  {
    what: 'roots that are none',
    spoil: async ({ authority }) => put(authority.files.root, 'garbage'),
    says: /root\.pem holds no certificate that can be read/,
  },
  {
    what: 'roots of somebody else',
    spoil: async ({ authority }) =>
      put(
        authority.files.root,
        certificatePem((await newAuthority('elsewhere.example', Date.now())).root.certificate),
      ),
    says: /issuing\.pem was signed by none of the roots/,
  },
]

const policyRows: readonly Row[] = [
  {
    what: 'a policy with an unknown key',
    spoil: async ({ cwd }) => put(join(cwd, 'access.yaml'), 'version: 1\nsurprise: true\n'),
    says: /access\.yaml/,
  },
]

/** What a server tells of itself. */
interface Told {
  readonly serial: string
  readonly status: number
  readonly ready: unknown
  readonly readyOnDoor: unknown
  readonly refused: string | undefined
}

/** A server with its installation. */
interface Setting {
  readonly at: Installation
  readonly served: Served
  readonly client: TestPair
}

async function told({ at, served, client }: Setting, kind: Kind): Promise<Told> {
  const tls = { port: served.ports.certificates, ca: at.authority.rootPem, ...client }
  const operations = async (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${served.ports.operations}${path}`)
  const metrics = await (await operations('/metrics')).text()
  return {
    serial: await serialOf(tls),
    status: (await ask({ ...tls, ...modern('tools/list') })).status,
    ready: await (await operations('/readyz')).json(),
    readyOnDoor: (await ask({ ...tls, path: '/readyz', method: 'GET' })).json(),
    refused: new RegExp(`^sallyport_file_refused\\{what="${kind}"\\} (\\d)$`, 'm').exec(metrics)?.[1],
  }
}

/** Of the certificate that the server shows to a new connection. */
async function serialOf(tls: { port: number; ca: string } & TestPair): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...tls, host: '127.0.0.1', servername: 'localhost' }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? '')
      socket.end()
    }).on('error', reject)
  })
}

/** Everything below a folder, to put it back as it was. */
async function snapshot(folder: string): Promise<() => Promise<void>> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile())
  const saved = await Promise.all(
    names.map(async ({ name }) => ({
      path: join(folder, name),
      content: await readFile(join(folder, name), 'utf8'),
    })),
  )
  return async () => {
    for (const { path, content } of saved) {
      const isSecret = path.endsWith('key.pem')
      // What stands there may be something that reading would wait for.
      const isFile = (await lstat(path).catch(() => undefined))?.isFile() === true
      if (isFile && isSecret) await chmod(path, 0o600)
      if (isFile && (await readFile(path, 'utf8')) === content) continue
      await rm(path, { recursive: true, force: true, maxRetries: 10 })
      await put(path, content, isSecret ? 0o600 : 0o644)
    }
  }
}

function suite(kind: Kind, name: string, folder: (at: Installation) => string, rows: readonly Row[]): void {
  describe(`${name}: the one before stays in force`, { concurrency: 1 }, () => {
    let setting: Setting
    before(async () => {
      const at = await installation()
      // Number 2: there is an older one.
      await at.authority.revoke((await at.authority.client('gone')).cert)
      setting = {
        at,
        served: await serving('serve', { cwd: at.cwd }),
        client: await at.authority.client('demo'),
      }
    })
    after(async () => {
      await setting.served.stop()
      await setting.at.remove()
    })
    for (const { what, spoil, says } of rows)
      it(what, async () => {
        const { at, served } = setting
        const good = await told(setting, kind)
        assert.deepEqual([good.status, good.ready, good.refused], [200, { status: 'ready' }, '0'])
        const putBack = await snapshot(folder(at))
        const from = served.log.length
        await spoil(at)
        const line = JSON.parse(await served.logged(/the old one stays in force/, from)) as Record<
          string,
          unknown
        >
        assert.equal(line['what'], kind)
        assert.match(String(line['problem']), says)
        assert.deepEqual(await told(setting, kind), {
          ...good,
          ready: { status: 'degraded', problems: [kind] },
          readyOnDoor: { status: 'degraded' },
          refused: '1',
        })
        await putBack()
        await served.logged(new RegExp(`the ${kind} was loaded`), from)
        assert.deepEqual(await told(setting, kind), good)
        assert.equal(
          served.log.slice(from).filter((one) => /the old one stays/.test(one)).length,
          1,
          'said once',
        )
      })
    it('each time it is on the audit trail', async () => {
      const { at, served } = setting
      await served.stop()
      const folderOf = join(at.cwd, 'data/audit')
      const files = (await readdir(folderOf)).filter((file) => file.endsWith('.jsonl'))
      const lines = (
        await Promise.all(files.map(async (file) => readFile(join(folderOf, file), 'utf8')))
      ).join('')
      const events = lines
        .split('\n')
        .flatMap((line) => /"event":"((?:files|policy)\.[a-z]+)"/.exec(line)?.[1] ?? [])
      const word = kind === 'access policy' ? 'policy' : 'files'
      assert.deepEqual(
        events,
        rows.flatMap(() => [`${word}.rejected`, `${word}.loaded`]),
      )
    })
  })
}

describe('files that are not good', { concurrency: true }, () => {
  const server = ({ authority }: Installation): string => authority.serverFiles.directory
  const ca = ({ authority }: Installation): string => authority.files.directory
  suite('server certificate', 'a server certificate', server, certificateRows)
  suite('server certificate', 'a file of the server certificate', server, certificateFileRows)
  suite('trust', 'a revocation list', ca, trustRows)
  suite('trust', 'a file of trust', ca, trustFileRows)
  suite('access policy', 'a policy', ({ cwd }) => cwd, policyRows)
})
