import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { loadConfig, type Config } from '../../src/config/config.ts'
import { isSallyportError } from '../../src/errors.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

async function load(t: TestContext, yaml: string, environment: Record<string, string> = {}): Promise<Config> {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'sallyport.yaml'), yaml)
  return loadConfig(environment, directory)
}

async function faultsOf(t: TestContext, yaml: string): Promise<string> {
  try {
    await load(t, yaml)
  } catch (error) {
    if (isSallyportError(error, 'CONFIGURATION_INVALID'))
      return error.message.replaceAll(/.*sallyport\.yaml/g, '')
    throw error
  }
  return ''
}

test('the folder alone, or a map with everything', async (t) => {
  const short = await load(t, 'audit: /var/audit\n')
  assert.equal(short.audit, '/var/audit')
  const long = await load(
    t,
    `store: redis://127.0.0.1:6379
audit:
  directory: trail
  checkpoints: { every: 1m }
  arguments:
    - { tools: [ "notes_*" ], record: names }
    - { resources: [ "note://**" ], record: redacted, keep: [ id ] }
  anchors:
    - { kind: file, path: /mnt/other/anchors.jsonl }
    - { kind: redis }
    - { kind: syslog, url: "tls://logs.example:6514", ca: ca.pem }
  sinks:
    - { kind: opentelemetry, url: "http://127.0.0.1:4318/v1/logs", required: true }
`,
    { SALLYPORT_SESSION_SECRET: 's'.repeat(40), SALLYPORT_AUDIT_KEY: 'k'.repeat(40) },
  )
  const { directory, audit, auditTrail } = long
  assert.equal(audit, join(directory, 'trail'))
  assert.deepEqual(auditTrail.checkpoints, { lines: 1000, every: 60_000 })
  assert.deepEqual(auditTrail.anchors, [
    { kind: 'file', path: '/mnt/other/anchors.jsonl' },
    { kind: 'redis', length: 1_000_000 },
    { kind: 'syslog', url: 'tls://logs.example:6514', facility: 13, ca: join(directory, 'ca.pem') },
  ])
  assert.equal(auditTrail.keyFile, null)
  assert.deepEqual(long.auditKeys(), ['k'.repeat(40)])
})

test('what does not go together is refused, with its place', async (t) => {
  const sinks = (text: string): string => `audit: { sinks: [ ${text} ] }\n`
  const faulty: readonly (readonly [string, RegExp])[] = [
    ['audit: { folder: x }\n', /audit\.folder: unknown key: the keys here are directory/],
    ['audit: { arguments: [ { record: full } ] }\n', /must say for what it is/],
    ['audit: { arguments: [ { tools: [ x ], record: full, keep: [ a ] } ] }\n', /must have keep only beside/],
    ['audit: { arguments: [ { tools: [ "a***" ], record: full } ] }\n', /three stars/],
    [sinks('{ kind: redis }'), /audit\.sinks\[0\]: is in the Redis of the store, and the store is none/],
    ['audit: { anchors: [ { kind: redis } ] }\n', /audit\.anchors\[0\]: is in the Redis/],
    [sinks('{ kind: syslog, url: "http://x:1" }'), /must be udp:/],
    [sinks('{ kind: syslog, url: "udp://x:514", ca: ca.pem }'), /has files for TLS/],
    [sinks('{ kind: syslog, url: "tls://x:6514", key: k.pem }'), /both certificate and key/],
    [sinks('{ kind: syslog, url: "tls://x:6514", required: true }'), /unknown key|required/],
    [sinks('{ kind: opentelemetry, url: "http://u:p@x/v1/logs" }'), /without user and query/],
    [sinks('{ kind: mail }'), /must have a kind/],
  ]
  for (const [yaml, expected] of faulty) assert.match(await faultsOf(t, yaml), expected, yaml)
})
