import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { CHAIN_START, chainLine } from '../../src/audit/chain.ts'
import type { ActionDecided, AuditEvent } from '../../src/audit/event.ts'
import { argumentsDigest } from '../../src/audit/recorded-arguments.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const GOLDEN = join(import.meta.dirname, '../golden/access')
/** Keys the digests of arguments. */
const KEY = 'k'.repeat(43)
const AT = Date.UTC(2026, 10, 24, 14)

/** What a call by a certificate leaves behind; whatever is not said was an allowed call of `notes_read` by `demo`. */
function decided(requestId: string, more: Partial<ActionDecided> = {}): ActionDecided {
  return {
    event: 'tool.decided',
    requestId,
    principal: 'service:demo',
    methods: ['certificate'],
    credential: 'sha256:c0ffee',
    action: 'tools/call',
    resource: 'notes_read',
    decision: 'allow',
    reason: null,
    rule: null,
    shadow: [],
    confirmedBy: [],
    policy: 'sha256:of-then',
    proofs: {
      authenticatedAt: new Date(AT).toISOString(),
      mfaAt: null,
      address: null,
      certificate: null,
      ceilings: [],
    },
    arguments: { digest: 'hmac-sha256:0', values: { id: 'hello' } },
    trace: null,
    ...more,
  }
}

/** An installation that only has a configuration, a policy and a past. */
async function installation(
  t: TestContext,
  events: readonly AuditEvent[],
  candidate: (text: string) => string = (text) => text,
): Promise<(...args: readonly string[]) => ReturnType<typeof inProcess>> {
  const cwd = await temporaryDirectory(t)
  const policy = await readFile(join(GOLDEN, 'access.yaml'), 'utf8')
  await writeFile(
    join(cwd, 'sallyport.yaml'),
    `trustDomain: bank.example\ntools: [ ${JSON.stringify(join(GOLDEN, 'tools.ts'))} ]\n`,
  )
  await writeFile(join(cwd, 'access.yaml'), policy)
  await writeFile(join(cwd, 'candidate.yaml'), candidate(policy))
  await mkdir(join(cwd, 'data/audit'), { recursive: true })
  let end = CHAIN_START
  const lines = events.map((event, index) => {
    const made = chainLine(event, AT + index, end)
    end = made.end
    return `${made.line}\n`
  })
  await writeFile(join(cwd, 'data/audit/2026-11-24-1-abcd.jsonl'), lines.join(''))
  return async (...args) => await inProcess(['access', ...args], { cwd, env: { SALLYPORT_AUDIT_KEY: KEY } })
}

const AGENT = { principal: 'agent:triage', resource: 'files_read' } as const
const within = (path: string) => ({ digest: 'hmac-sha256:1', values: { path } })

describe('access replay', () => {
  test('shows what would be answered otherwise, and says what cannot be said', async (t) => {
    const run = await installation(
      t,
      [
        decided('r1'),
        decided('r2'),
        decided('r3', { resource: 'time_now', arguments: { digest: 'hmac-sha256:2', values: {} } }),
        decided('r4', { ...AGENT, arguments: within('/srv/share/a') }),
        decided('r5', { ...AGENT, arguments: within('/srv/other/a') }),
        decided('r6', { ...AGENT, arguments: { digest: 'hmac-sha256:3' } }),
        decided('r7', { ...AGENT, arguments: within('hmac-sha256:4') }),
        decided('r8', { decision: 'deny', reason: 'rate_limited' }),
        decided('r9', { resource: 'no_such_tool', decision: 'deny', reason: 'unknown_name' }),
        decided('r10', {
          principal: 'service:billing',
          resource: 'bank_pay',
          confirmedBy: ['user:tara'],
          arguments: { digest: 'hmac-sha256:5', values: { to: 'DE02', amount: 5000 } },
        }),
        decided('r11', {
          event: 'resource.decided',
          principal: 'service:billing',
          action: 'resources/read',
          resource: 'customer://us/1',
          arguments: null,
        }),
      ],
      (text) => text.replace('- { service: demo, roles: [reader] }', '- { service: demo, roles: [] }'),
    )
    const { code, stdout } = await run(
      'replay',
      '--since',
      '2026-11-24',
      '--policy',
      'candidate.yaml',
      '--json',
    )
    assert.equal(code, 0)
    const { total, unchanged, limited, flips, impossible } = JSON.parse(stdout)
    assert.deepEqual({ total, unchanged, limited }, { total: 11, unchanged: 3, limited: 1 })
    assert.deepEqual(
      flips.map((flip: Record<string, unknown>) => [
        flip['count'],
        flip['name'],
        flip['was'],
        flip['wouldBe'],
        flip['by'],
      ]),
      [
        [2, 'notes_read', 'allow', 'deny', 'no_permission'],
        [1, 'time_now', 'allow', 'deny', 'no_permission'],
        [1, 'files_read', 'allow', 'deny', 'rule files-only-under-share'],
        [1, 'customer://us/1', 'allow', 'deny', 'rule customers-of-your-region'],
      ],
    )
    assert.deepEqual(impossible, [
      { why: 'arguments of files_read are recorded as digest', count: 1 },
      { why: 'arguments of files_read are recorded as digest, at least in part', count: 1 },
    ])
    const told = await run('replay', '--since', '2026-11-24', '--policy', 'candidate.yaml', '--check')
    assert.equal(told.code, 1)
    assert.match(told.stdout, /^5 would be answered otherwise, 3 as they were$/m)
    assert.match(told.stdout, /^1 cannot be replayed: arguments of files_read are recorded as digest$/m)
    assert.match(told.stderr, /5 decisions would be answered otherwise/)
  })

  test('an argument that is not on record does not matter where the answer is the same for all', async (t) => {
    const run = await installation(
      t,
      [decided('r1', { ...AGENT, arguments: { digest: 'hmac-sha256:3' } })],
      (text) => text.replace('roles: [editor, files]', 'roles: [editor]'),
    )
    const { stdout } = await run('replay', '--since', '2026-11-24', '--policy', 'candidate.yaml', '--json')
    const { flips, impossible } = JSON.parse(stdout)
    assert.deepEqual([flips.length, flips[0]?.by, impossible], [1, 'no_permission', []])
  })

  test('the policy of then flips nothing, and what is out of the time asked for is not looked at', async (t) => {
    const run = await installation(t, [decided('r1'), decided('r2')])
    const all = await run('replay', '--since', '2026-11-24', '--check')
    assert.equal(all.code, 0, all.stderr)
    assert.match(all.stdout, /^0 would be answered otherwise, 2 as they were$/m)
    const one = await run('replay', '--since', '2026-11-24', '--until', new Date(AT).toISOString())
    assert.match(one.stdout, /^1 decision since/)
    assert.equal((await run('replay')).code, 2)
    assert.equal((await run('replay', '--since', 'yesterday')).code, 2)
  })
})

describe('access shadow', () => {
  test('a rule that would have changed an answer is not called silent', async (t) => {
    const run = await installation(t, [decided('r1', { shadow: ['no-long-notes'] })])
    const { stdout } = await run('shadow', '--since', '2026-11-24', '--json')
    assert.deepEqual(JSON.parse(stdout).silent, [])
  })

  test('counts by rule, caller and tool, and names rules that would have changed nothing', async (t) => {
    const shadow = ['old-rule']
    const run = await installation(t, [
      decided('r1', { shadow }),
      decided('r2', { shadow }),
      decided('r3', { shadow, principal: 'agent:triage' }),
      decided('r4'),
    ])
    const { stdout, code } = await run('shadow', '--since', '2026-11-24', '--json')
    assert.equal(code, 0)
    const { total, counts, silent } = JSON.parse(stdout)
    assert.equal(total, 4)
    assert.deepEqual(
      counts.map((one: Record<string, unknown>) => [
        one['rule'],
        one['principal'],
        one['count'],
        one['example'],
      ]),
      [
        ['old-rule', 'service:demo', 2, 'r2'],
        ['old-rule', 'agent:triage', 1, 'r3'],
      ],
    )
    assert.deepEqual(silent, ['no-long-notes'])
    assert.match(
      (await run('shadow', '--since', '2026-11-24')).stdout,
      /^no-long-notes: would have changed no answer$/m,
    )
  })
})

describe('access explain --request', () => {
  test('believes what the arguments are said to have been by the digest on record, and by nothing else', async (t) => {
    const args = { path: '/srv/share/../secret' }
    const run = await installation(t, [
      decided('r1', { ...AGENT, arguments: { digest: argumentsDigest(KEY, args) } }),
    ])
    const right = await run('explain', '--request', 'r1', '--arguments', JSON.stringify(args))
    assert.equal(right.code, 0, right.stderr)
    assert.match(right.stdout, /it would answer otherwise$/m)
    assert.match(right.stdout, /^ {2}DENIED {2}rule "files-only-under-share" matches/m)
    const wrong = await run('explain', '--request', 'r1', '--arguments', '{"path":"/srv/share/a"}')
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /these are not the arguments of the request r1/)
    const alone = await run('explain', 'agent:triage', 'tools/call', 'files_read', '--arguments', '{}')
    assert.equal(alone.code, 2)
  })

  test('says what was recorded, whether it would be the same today, and what came of it', async (t) => {
    const denied = decided('r2', {
      resource: 'notes_write',
      decision: 'deny',
      reason: 'no_permission',
      arguments: { digest: 'hmac-sha256:3', names: ['id', 'text'] },
    })
    const run = await installation(t, [
      decided('r1'),
      {
        event: 'tool.finished',
        requestId: 'r1',
        principal: 'service:demo',
        methods: ['certificate'],
        credential: 'sha256:c0ffee',
        action: 'tools/call',
        resource: 'notes_read',
        outcome: 'ok',
        trace: null,
        exception: null,
        durationMs: 3,
      },
      denied,
      decided('r3', { ...AGENT, arguments: { digest: 'hmac-sha256:3' } }),
    ])
    const allowed = await run('explain', '--request', 'r1')
    assert.equal(allowed.code, 0, allowed.stderr)
    assert.match(allowed.stdout, /^WAS ALLOWED {2}service:demo, tools\/call notes_read$/m)
    assert.match(allowed.stdout, /^on record {4}data\/audit\/2026-11-24-1-abcd.jsonl:1$/m)
    assert.match(allowed.stdout, /arguments \{"id":"hello"\}/)
    assert.match(allowed.stdout, /tool\.finished {2}ok {2}after 3 ms$/m)
    assert.match(allowed.stdout, /^today {8}access.yaml has changed since .*; it would answer the same$/m)
    const other = await run('explain', '--request', 'r2')
    assert.match(other.stdout, /^WAS DENIED {2}service:demo, tools\/call notes_write: no_permission$/m)
    assert.match(other.stdout, /arguments id, text; their values are recorded as digest/)
    const blind = await run('explain', '--request', 'r3', '--json')
    assert.match(
      JSON.parse(blind.stdout)[0].today,
      /cannot be said: arguments of files_read are recorded as digest$/,
    )
    assert.equal((await run('explain', '--request', 'r2', '--check')).code, 1)
    const none = await run('explain', '--request', 'r9')
    assert.equal(none.code, 1)
    assert.match(none.stderr, /has no decision on the request r9/)
    assert.equal((await run('explain', '--request', 'r1', '--no-mfa')).code, 2)
    assert.equal((await run('explain', 'service:demo', '--request', 'r1')).code, 2)
  })
})
