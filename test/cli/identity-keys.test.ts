import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { identityKeys } from '../../src/auth/identity-keys.ts'
import { identityIssuer, identityKeysOf } from '../../src/cli/identity-keys.ts'
import { loadConfig } from '../../src/config/config.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const [NEW, OLD] = ['n'.repeat(48), 'o'.repeat(48)]

test('the key is made where it is missing, for its owner alone, and is the same from then on', async (t) => {
  const directory = await temporaryDirectory(t)
  const config = loadConfig({}, directory)
  // As by several processes that start at once.
  const made = await Promise.all(Array.from({ length: 4 }, async () => identityKeysOf(config)))
  const path = join(directory, 'data/identity-key')
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  const secret = (await readFile(path, 'utf8')).trim()
  for (const { keyId } of [...made, await identityKeysOf(config)])
    assert.equal(keyId, identityKeys([secret]).keyId)
})

test('the environment wins, newest first, and makes no file', async (t) => {
  const directory = await temporaryDirectory(t)
  const config = loadConfig({ SALLYPORT_IDENTITY_KEY: `${NEW},${OLD}` }, directory)
  assert.equal(config.identity.keyFile, null)
  assert.deepEqual((await identityKeysOf(config)).jwks, identityKeys([NEW, OLD]).jwks)
  await assert.rejects(stat(join(directory, 'data')), { code: 'ENOENT' })
})

test('a key that is none, or cannot be made, is told with its path and without its text', async (t) => {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'data'), 'in the way')
  const inTheWay = loadConfig({}, directory)
  await assert.rejects(identityKeysOf(inTheWay), {
    code: 'CONFIGURATION_INVALID',
    message: /^the identity key .*data\/identity-key cannot be read \(ENOTDIR\): check space and rights$/,
  })
  await writeFile(join(directory, 'short'), 'too-short')
  await writeFile(join(directory, 'sallyport.yaml'), 'identity: { keyFile: short }\n')
  await assert.rejects(identityKeysOf(loadConfig({}, directory)), (error) => {
    assert.ok(error instanceof Error)
    assert.match(error.message, /short: an identity key is shorter than 32 characters/)
    return !error.message.includes('too-short')
  })
})

test('tokens are good for 10 s to 5 min, by configuration', async (t) => {
  const directory = await temporaryDirectory(t)
  const life = async (text: string): Promise<number> => {
    await writeFile(join(directory, 'sallyport.yaml'), `identity: { tokenLife: ${text} }\n`)
    return loadConfig({}, directory).identity.tokenLife
  }
  assert.deepEqual([await life('10s'), await life('5m')], [10_000, 300_000])
  for (const bad of ['9s', '6m', '0s', 'x'])
    await assert.rejects(life(bad), {
      code: 'CONFIGURATION_INVALID',
      message: /identity\.tokenLife: must be/,
    })
})

test('the issuer is where people find this installation, else the name of its trust domain', () => {
  const trustDomain = 'corp.example'
  assert.equal(identityIssuer({ publicUrl: 'https://door.example', trustDomain }), 'https://door.example')
  assert.equal(identityIssuer({ publicUrl: false, trustDomain }), 'spiffe://corp.example')
})
