import assert from 'node:assert/strict'
import { chmod, copyFile, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { installationFaults } from '../../src/config/check-installation.ts'
import { loadConfig } from '../../src/config/config.ts'
import type { Config } from '../../src/config/config.ts'
import { nodeVersionFault } from '../../src/config/node-version.ts'
import { testAuthority } from '../support/certificates.ts'
import type { TestAuthority } from '../support/certificates.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NODE = 'v24.21.0'
const NOW = Date.now()
const YEAR = 365 * 86_400_000

interface Installed {
  readonly config: Config
  readonly authority: TestAuthority
  readonly directory: string
}

/** An installation with nothing wrong. */
async function installed(t: TestContext): Promise<Installed> {
  const directory = await temporaryDirectory(t)
  const authority = await testAuthority(directory, { now: NOW })
  await writeFile(join(directory, 'access.yaml'), '')
  await mkdir(join(directory, 'data'))
  for (const secret of ['session-secret', 'factor-key'])
    await writeFile(join(directory, 'data', secret), 'x'.repeat(64), { mode: 0o600 })
  return { config: loadConfig({}, directory), authority, directory }
}

test('a whole installation has no fault', async (t) => {
  const { config } = await installed(t)
  assert.deepEqual(installationFaults(config, NODE, NOW), [])
  assert.deepEqual(installationFaults(config, process.version, NOW), [])
})

test('a CA of another trust domain than the configured one is told, with both', async (t) => {
  const { directory } = await installed(t)
  const moved = loadConfig({ SALLYPORT_TRUST_DOMAIN: 'other.internal' }, directory)
  const faults = installationFaults(moved, NODE, NOW)
  assert.equal(faults.length, 1, faults.join('\n'))
  assert.match(faults[0] ?? '', /"sallyport\.internal".*"other\.internal"/)
})

test('Node is taken from 24.21 on in 24, and from 26.8.1 on', () => {
  for (const good of ['v24.21.0', '24.22.3', 'v26.8.1', 'v26.10.0', 'v27.0.0', 'v100.0.0'])
    assert.equal(nodeVersionFault(good), undefined, good)
  for (const bad of [
    'v20.20.2',
    'v24.20.9',
    'v25.9.9',
    'v26.8.0',
    'v26.7.9',
    'v26.8.1-rc.1',
    'v26.8',
    '',
    'bun',
  ])
    assert.match(nodeVersionFault(bad) ?? '', /use Node 24\.21 or newer of 24, or 26\.8\.1/, bad)
})

test('an empty folder lacks everything, and each sentence says how to make it', async (t) => {
  const directory = await temporaryDirectory(t)
  const faults = installationFaults(loadConfig({}, directory), 'v22.0.0', NOW)
  assert.equal(faults.length, 9)
  for (const fault of faults.slice(1)) assert.match(fault, /sallyport init/)
  for (const path of [
    'server.pem',
    'server.key.pem',
    'root.pem',
    'issuing.pem',
    'crl.pem',
    'access.yaml',
    'session-secret',
    'factor-key',
  ])
    assert.equal(faults.filter((fault) => fault.includes(`/${path} `)).length, 1, path)
})

test('a key or a secret that others may read is told, with the command that closes it', async (t) => {
  const { config } = await installed(t)
  const { secretFile, factorKeyFile } = config.sessions
  const { keyFile: identityKey } = config.identity
  assert.ok(secretFile !== null && factorKeyFile !== null && identityKey !== null)
  await writeFile(identityKey, 'x'.repeat(64), { mode: 0o600 })
  for (const path of [config.tls.key, secretFile, factorKeyFile, identityKey])
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(path, mode)
      const faults = installationFaults(config, NODE, NOW)
      assert.equal(faults.length, 1)
      assert.ok(faults[0]?.includes(`run "chmod 600 ${path}"`))
      await chmod(path, 0o600)
    }
})

test('a key that is not the one of the certificate is told', async (t) => {
  const { config, authority } = await installed(t)
  const other = await authority.client('other')
  await writeFile(config.tls.key, other.key)
  const [fault = '', ...others] = installationFaults(config, NODE, NOW)
  assert.match(fault, /server\.pem does not belong to the key .*server\.key\.pem/)
  assert.deepEqual(others, [])
})

test('certificates that have ended, or not begun, are told', async (t) => {
  const { config } = await installed(t)
  const later = installationFaults(config, NODE, NOW + 100 * YEAR)
  assert.match(later[0] ?? '', /the server certificate .*server\.pem .* expired at 20..-/)
  assert.equal(later.length, 3, 'the server, the root and the issuing CA')
  const earlier = installationFaults(config, NODE, NOW - YEAR)
  assert.match(earlier[0] ?? '', /server\.pem .* is valid from .* only: check the clock/)
})

test('an issuing certificate that leads to no root is told', async (t) => {
  const { config } = await installed(t)
  const stranger = await testAuthority(await temporaryDirectory(t), { now: NOW })
  await copyFile(stranger.files.root, config.trust.roots)
  const [fault = '', ...others] = installationFaults(config, NODE, NOW)
  assert.match(fault, /issuing certificate ".*" in .*issuing\.pem was signed by none of the roots/)
  assert.deepEqual(others, [])
  const both = (await readFile(stranger.files.root, 'utf8')) + (await installed(t)).authority.rootPem
  await writeFile(config.trust.roots, both)
  assert.equal(installationFaults(config, NODE, NOW).length, 1, 'two roots of the same name, neither its own')
})

test('an issuing certificate may lead to its root over another one, and by signature, not by name', async (t) => {
  const { config, directory } = await installed(t)
  const path = (name: string): string => join(directory, name)
  const key = (name: string): string[] => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    path(`${name}.key`),
  ]
  const ca = [
    '-x509',
    '-days',
    '10',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign',
  ]
  const signed = (name: string, by: string): string[] => [
    '-CA',
    path(`${by}.pem`),
    '-CAkey',
    path(`${by}.key`),
    '-subj',
    `/CN=${name}`,
  ]
  const make = (name: string, ...rest: string[]): void => {
    const { ok, output } = openssl('req', ...ca, ...key(name), '-out', path(`${name}.pem`), ...rest)
    assert.ok(ok, output)
  }
  const root = ['-subj', '/CN=root', '-addext', 'subjectKeyIdentifier=01:02:03:04']
  make('root', ...root)
  make('impostor', ...root)
  make('middle', ...signed('middle', 'root'))
  make('low', ...signed('low', 'middle'))
  const faultsWith = async (roots: string, ...issuers: string[]): Promise<string[]> => {
    const texts = await Promise.all(issuers.map((name) => readFile(path(`${name}.pem`), 'utf8')))
    await copyFile(path(`${roots}.pem`), config.trust.roots)
    await writeFile(config.trust.issuers, texts.join(''))
    return installationFaults(config, NODE, Date.now())
  }
  assert.deepEqual(await faultsWith('root', 'low', 'middle'), [])
  assert.match((await faultsWith('root', 'low')).join(), /"CN=low".*signed by none of the roots/)
  assert.equal(
    (await faultsWith('impostor', 'low', 'middle')).length,
    2,
    'a root of the same name and key id',
  )
})

test('copies of a CA that leads to no root are told at once, however many there are', async (t) => {
  const { config, authority } = await installed(t)
  const stranger = await testAuthority(await temporaryDirectory(t), { now: NOW })
  await writeFile(config.trust.issuers, authority.issuingPem + stranger.rootPem.repeat(12))
  const begun = performance.now()
  assert.equal(installationFaults(config, NODE, NOW).length, 12)
  assert.ok(performance.now() - begun < 5_000)
})

test('a file of blocks that begin and never end is told at once, however long it is', async (t) => {
  const { config } = await installed(t)
  const endless = (label: string): string => `-----BEGIN ${label}-----\nAAAA\n`.repeat(200_000)
  await writeFile(config.trust.issuers, endless('CERTIFICATE'))
  await writeFile(config.trust.revocationLists, endless('X509 CRL'))
  const begun = performance.now()
  assert.deepEqual(
    installationFaults(config, NODE, NOW).map(
      (fault) => /holds no (certificate|revocation list)/.exec(fault)?.[1],
    ),
    ['certificate', 'revocation list'],
  )
  assert.ok(performance.now() - begun < 5_000)
})

test('files that hold something else are told', async (t) => {
  const { config } = await installed(t)
  const { tls, trust } = config
  for (const path of [tls.certificate, tls.key, trust.roots, trust.issuers, trust.revocationLists]) {
    const before = await readFile(path)
    for (const content of [
      '',
      'nonsense',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    ]) {
      await writeFile(path, content)
      const faults = installationFaults(config, NODE, NOW)
      assert.ok(faults.length === 1 && faults[0]?.includes(path), `${path}: ${faults.join('\n')}`)
    }
    await writeFile(path, before)
  }
})

test('secrets that the environment brings need no file', async (t) => {
  const { directory } = await installed(t)
  for (const secret of ['session-secret', 'factor-key']) await unlink(join(directory, 'data', secret))
  const brought = { SALLYPORT_SESSION_SECRET: 'y'.repeat(64), SALLYPORT_FACTOR_KEY: 'z'.repeat(64) }
  const config = loadConfig(brought, directory)
  assert.deepEqual(installationFaults(config, NODE, NOW), [])
})
