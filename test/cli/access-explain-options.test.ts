import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parsePrincipal } from '../../src/auth/principal.ts'
import { hangsOn, trialsLike } from '../../src/cli/report-trials.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const cwd = join(import.meta.dirname, '../golden/access')
const explain = async (...args: readonly string[]) => await inProcess(['access', 'explain', ...args], { cwd })
const READ = ['service:demo', 'tools/call', 'notes_read', '{"id":"hello"}']
const WRITE = ['service:demo', 'tools/call', 'notes_write', '{"id":"hello","text":"Hello"}']

describe('access explain', () => {
  test('ends with 0 once it has explained, and with --check with 1 for a denial', async () => {
    assert.equal((await explain(...WRITE)).code, 0)
    const denied = await explain(...WRITE, '--check')
    assert.equal(denied.code, 1)
    assert.match(denied.stderr, /notes:write/)
    assert.equal((await explain(...READ, '--check')).code, 0)
    assert.equal((await explain('service:demo', 'tools/call', 'nothing', '--check')).code, 1)
  })

  test('gives all of it as JSON, with what was supposed', async () => {
    const { stdout } = await explain(
      'user:tara',
      'tools/call',
      'bank_balance',
      '{"account":"DE02"}',
      '--json',
      '--method',
      'session',
      '--method',
      'certificate',
      '--issuer',
      'CN=Corp CA',
      '--uri',
      'spiffe://corp.example/tara',
      '--age',
      '1h',
      '--no-mfa',
      '--address',
      '10.20.0.1',
      '--only',
      'bank:read',
      '--only',
      'notes:*',
      '--at',
      '2026-11-24T14:00:00Z',
    )
    const told = JSON.parse(stdout)
    assert.equal(told.verdict, 'deny')
    assert.equal(told.decision.reason, 'second_factor_required')
    assert.equal(told.principal, 'user:tara')
    assert.deepEqual(told.assumed, [])
    assert.deepEqual(told.proofs, {
      methods: ['session', 'certificate'],
      authenticatedAt: '2026-11-24T13:00:00.000Z',
      address: '10.20.0.1',
      certificate: { uri: 'spiffe://corp.example/tara', issuer: 'CN=Corp CA' },
      ceilings: [['bank:read', 'notes:*']],
    })
    assert.deepEqual(told.request.arguments, { account: 'DE02' })
    assert.equal(
      JSON.parse((await explain('agent:triage', 'tools/list', 'files_read', '--json')).stdout).request
        .arguments,
      null,
    )
  })

  test('asks another policy than the configured one', async (t) => {
    const file = join(await temporaryDirectory(t), 'candidate.yaml')
    const text = await readFile(join(cwd, 'access.yaml'), 'utf8')
    await writeFile(
      file,
      text.replace('{ service: demo, roles: [reader] }', '{ service: demo, roles: [editor] }'),
    )
    assert.match((await explain(...WRITE, '--policy', file)).stdout, /^ALLOWED /)
    assert.match((await explain(...WRITE)).stdout, /^DENIED /)
    await writeFile(file, 'version: 1\n')
    const bad = await explain(...WRITE, '--policy', file)
    assert.equal(bad.code, 1)
    assert.match(bad.stderr, /candidate\.yaml:1:1: /)
  })

  test('what is asked in a way that nobody can ask is wrong usage', async () => {
    for (const args of [
      [],
      ['service:demo'],
      ['service:demo', 'tools/call'],
      ['demo', 'tools/call', 'notes_read'],
      ['service:demo', 'tools/cal', 'notes_read'],
      ['service:demo', 'tools/call', 'notes_read', '[]'],
      ['service:demo', 'resources/read', 'note://a', '{"id":"b"}'],
      ['service:demo', 'tools/list', 'notes_read', '{"id":"b"}'],
      [...READ, '--address', 'office'],
      [...READ, '--method', 'password'],
      [...READ, '--only', 'notes'],
      [...READ, '--mfa-age', 'soon'],
      [...READ, '--at', 'noon'],
    ])
      assert.equal((await explain(...args)).code, 2, args.join(' '))
    assert.match((await explain('service:demo', 'tools/cal', 'x')).stderr, /Did you mean tools\/call\?/)
  })

  test('a resource is known by its URI, and a family by its template', async () => {
    const at = ['--at', '2026-11-24T14:00:00Z']
    const one = await explain('service:billing', 'resources/read', 'customer://eu/1', ...at)
    assert.match(one.stdout, /^ALLOWED /)
    const family = await explain(
      'service:billing',
      'resources/templates/list',
      'customer://{region}/{id}',
      ...at,
    )
    assert.match(family.stdout, /^LISTED /)
    const none = await explain('service:billing', 'resources/read', 'nothing://here')
    assert.match(none.stdout, /^DENIED {2}there is no resource "nothing:\/\/here" here/)
  })
})

describe('what the report tries', () => {
  const principal = parsePrincipal('user:alice')
  assert.ok(principal)
  const usual = { principal, supposition: {}, at: 0 }

  test('is as much as the conditions speak of', () => {
    assert.equal(trialsLike(usual, []).length, 2)
    assert.equal(trialsLike(usual, ['args.n == 1']).length, 2)
    const times = new Set(trialsLike(usual, ['now.hour("UTC") < 8']).map(({ at }) => at))
    assert.deepEqual([times.size, Math.max(...times)], [336, 335 * 1_800_000])
    const addresses = trialsLike(usual, ['cidr(auth.address, "10.0.0.0/8") || auth.address == "2001:db8::1"'])
    assert.deepEqual(
      new Set(addresses.map(({ supposition }) => supposition.address)),
      new Set([undefined, '203.0.113.7', '10.0.0.0', '2001:db8::1']),
    )
    const levels = trialsLike(usual, ['auth.age < duration("1h")'])
    assert.deepEqual(
      levels.map(({ lacksFactor, supposition }) => [lacksFactor, supposition.age, supposition.mfaAge]),
      [
        [false, undefined, undefined],
        [true, undefined, null],
        [false, 30 * 86_400_000, 0],
      ],
    )
  })

  test('is said in words', () => {
    assert.deepEqual(hangsOn(['args.n == 1', 'now.hour("UTC") < 8']), ['arguments', 'time'])
    assert.deepEqual(hangsOn(['cidr(auth.address, "::/0")']), ['address'])
    assert.deepEqual(hangsOn(['auth.mfaAge < duration("1h")']), ['what the caller proved'])
    assert.deepEqual(hangsOn([]), ['who it is'])
  })
})
