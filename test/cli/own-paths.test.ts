import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { codePaths } from '../../src/cli/code-paths.ts'
import { ownPaths } from '../../src/cli/own-paths.ts'
import { loadConfig } from '../../src/config/config.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('every key and secret of the installation is kept from upstreams, wherever it is', async (t) => {
  const cwd = await temporaryDirectory(t)
  await writeFile(
    join(cwd, 'sallyport.yaml'),
    `tls: { certificate: a/server.pem, key: a/server.key.pem }
certificates: b
access: c/access.yaml
store: sqlite:d/sallyport.db
sessions: { secretFile: e/session, factorKeyFile: f/factor }
identity: { keyFile: g/identity }
pins: { file: h/lock.yaml }
issuer: { socket: i/issuer.sock }
audit:
  directory: j
  keyFile: k/key
  signingKeyFile: l/signing.pem
  anchors: [ { kind: file, path: m/anchors } ]
  sinks: [ { kind: syslog, url: "tls://log:6514", certificate: n/cert.pem, key: n/key.pem } ]
upstreams:
  one: { url: "https://one/", tls: { cert: o/cert.pem, key: o/key.pem }, headers: { A: "Bearer \${file:p/token}" } }
  two: { command: x, env: { KEY: "\${file:r/key}", NAME: "\${VARIABLE}" } }
`,
  )
  const own = new Set(ownPaths(loadConfig({}, cwd)))
  const kept =
    'sallyport.yaml a/server.key.pem b c/access.yaml d/sallyport.db e/session f/factor g/identity h/lock.yaml i/issuer.sock j k/key l/signing.pem m/anchors n/key.pem o/key.pem p/token r/key'
  assert.deepEqual(
    kept.split(' ').filter((path) => !own.has(join(cwd, path))),
    [],
  )
})

test('code that we run is the modules of the configuration, the program itself, and the packages of both', async (t) => {
  const cwd = await temporaryDirectory(t)
  await writeFile(join(cwd, 'sallyport.yaml'), 'tools: [ modules/notes.ts ]\n')
  const code = new Set(codePaths(loadConfig({}, cwd)))
  const program = join(import.meta.dirname, '../..')
  const expected = [
    ...['modules', 'modules/node_modules', 'node_modules'].map((name) => join(cwd, name)),
    ...['src', 'dist', 'package.json', 'node_modules', '../node_modules'].map((name) => join(program, name)),
  ]
  assert.deepEqual(
    expected.filter((path) => !code.has(path)),
    [],
  )
  assert.ok(!code.has(cwd) && !code.has(program))
})
