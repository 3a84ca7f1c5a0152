import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test, type TestContext } from 'node:test'
import { sallyport, type Finished } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const GOLDEN = join(import.meta.dirname, '../golden/access')
let policy: string
before(async () => {
  policy = await readFile(join(GOLDEN, 'access.yaml'), 'utf8')
})

interface Folder {
  readonly cwd: string
  run(...args: readonly string[]): Promise<Finished>
}

/** A folder with a configuration, and these files. */
async function folder(t: TestContext, files: Readonly<Record<string, string>>): Promise<Folder> {
  const cwd = await temporaryDirectory(t)
  const tools = JSON.stringify(join(GOLDEN, 'tools.ts'))
  const all = { 'sallyport.yaml': `trustDomain: bank.example\ntools: [ ${tools} ]\n`, ...files }
  for (const [name, text] of Object.entries(all)) await writeFile(join(cwd, name), text)
  return { cwd, run: async (...args) => await inProcess(['access', ...args], { cwd }) }
}

describe('access check', () => {
  test('says what a good policy has', async (t) => {
    const { run, cwd } = await folder(t, { 'access.yaml': policy })
    const { code, stdout, stderr } = await run('check')
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.match(stdout, /^access.yaml: 11 rules \(1 in shadow\), 2 limits, 10 roles, 1 group, 12 grants$/m)
    assert.match(stdout, /^sha256:[0-9a-f]{64}$/m)
    // In a process of its own once: with everything that a command loads.
    const spawned = await sallyport(['access', 'check', '--json'], { cwd })
    assert.equal(spawned.code, 0, spawned.stderr)
    assert.equal(JSON.parse(spawned.stdout).policy.rules, 11)
  })

  test('tells every fault with its place, on standard error, and ends with 1', async (t) => {
    const bad = policy
      .replace('args.amount > 1000.0', 'args.amout > 1000.0')
      .replace('effect: hide', 'effect: hid')
    const { run } = await folder(t, { 'access.yaml': policy, 'bad.yaml': bad })
    const { code, stderr, stdout } = await run('check', 'bad.yaml')
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /^bad\.yaml:\d+:\d+: .+$/m)
    assert.match(stderr, /sallyport: \d faults? found/)
    const json = await run('check', 'bad.yaml', '--json')
    const { faults, policy: summary } = JSON.parse(json.stdout)
    assert.equal(summary, null)
    assert.match(faults[0], /^bad\.yaml:\d+:\d+: /)
  })

  test('a condition that speaks of an argument that there is not is a fault at its place', async (t) => {
    const bad = policy.replace('args.amount > 1000.0', 'args.amout > 1000.0')
    const { run } = await folder(t, { 'bad.yaml': bad })
    const line = bad.split('\n').findIndex((one) => one.includes('args.amout')) + 1
    const { stderr } = await run('check', 'bad.yaml')
    assert.match(stderr, new RegExp(`^bad\\.yaml:${line}:\\d+: .*amout`, 'm'))
  })

  test('warnings are no faults, but with --strict', async (t) => {
    const odd = policy.replace('tools: [bank_pay]\n    by', 'tools: [bank_play]\n    by')
    const { run } = await folder(t, { 'odd.yaml': odd.replace(/ *when: args.amount > 1000.0\n/, '') })
    const lax = await run('check', 'odd.yaml')
    assert.equal(lax.code, 0, lax.stderr)
    assert.match(lax.stdout, /^warning: odd\.yaml:\d+:\d+: .*bank_play/m)
    assert.equal((await run('check', 'odd.yaml', '--strict')).code, 1)
  })

  test('a file that is not there is no policy', async (t) => {
    const { run } = await folder(t, {})
    const { code, stderr } = await run('check', 'none.yaml')
    assert.equal(code, 1)
    assert.match(stderr, /none\.yaml is not there/)
  })
})

describe('access test', () => {
  const CASES = `policy: access.yaml
cases:
  - name: demo reads
    as: service:demo
    call: notes_read
    with: { id: hello }
    expect: allow
  - name: demo writes nothing
    as: service:demo
    call: notes_write
    with: { id: hello, text: Hello }
    expect: deny
    reason: no_permission
  - name: alice proves a second factor again to delete
    as: user:alice
    proofs: { age: 1h, mfaAge: 10m }
    call: notes_delete
    with: { id: hello }
    expect: step-up
    rule: deleting-needs-a-fresh-second-factor
  - name: large payments wait for a second person
    as: service:billing
    call: bank_pay
    with: { to: DE02, amount: 5000 }
    expect: approve
  - name: nobody deploys at night
    as: user:ines
    at: "2026-11-25T02:00:00Z"
    call: deploy_run
    with: { environment: production, version: "1" }
    expect: deny
    rule: production-in-office-hours
  - name: what demo sees
    as: service:demo
    list: tools
    sees: [ notes_read, whoami ]
    lacks: [ notes_write, bank_pay ]
  - name: customers by region
    as: service:billing
    resource: customer://eu/1
    expect: allow
  - name: the on-call prompt
    as: user:omar
    prompt: incident_report
    with: { incident: "1" }
    expect: allow
  - name: interns see no bank
    as: user:ian
    proofs: { address: 10.20.1.1 }
    call: bank_balance
    expect: hidden
`

  test('cases that hold pass, and what they do not show is named', async (t) => {
    const { run } = await folder(t, { 'access.yaml': policy, 'cases.yaml': CASES })
    const { code, stdout, stderr } = await run('test', 'cases.yaml')
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.match(stdout, /^ {2}✓ demo reads$/m)
    assert.match(stdout, /^9 cases: 9 passed, 0 failed$/m)
    assert.match(stdout, /^ {2}no case makes the rule files-only-under-share match$/m)
    assert.match(stdout, /^ {2}no case shows what the rule production-in-office-hours lets through$/m)
    assert.match(stdout, /^ {2}no case is about the grant grants\[2\] \(service: payroll\)$/m)
    const [, percent = ''] = /^coverage of access.yaml: (\d+) %$/m.exec(stdout) ?? []
    assert.ok(Number(percent) > 20 && Number(percent) < 90, percent)
    assert.equal((await run('test', 'cases.yaml', '--coverage', percent)).code, 0)
    const more = await run('test', 'cases.yaml', '--coverage', String(Number(percent) + 1))
    assert.equal(more.code, 1)
    assert.match(more.stderr, new RegExp(`the cases cover ${percent} %`))
  })

  test('a case that fails is explained, and a report is written', async (t) => {
    const wrong = CASES.replace('expect: allow', 'expect: deny').replace('lacks: [', 'lacks: [ notes_list,')
    const { run, cwd } = await folder(t, { 'access.yaml': policy, 'cases.yaml': wrong })
    const { code, stdout, stderr } = await run('test', 'cases.yaml', '--junit', join(cwd, 'report.xml'))
    assert.equal(code, 1)
    assert.match(stderr, /2 cases failed/)
    assert.match(stdout, /^ {2}✗ demo reads \(cases.yaml:3:5\)\n {6}expected deny, got allow$/m)
    assert.match(stdout, /^ {6}.*notes_list: must not be listed: /m)
    const xml = await readFile(join(cwd, 'report.xml'), 'utf8')
    assert.match(xml, /<testsuites tests="9" failures="2">/)
    assert.match(xml, /<failure message="expected deny, got allow">/)
  })

  test('a name that is nowhere is a mistake of the case, unless it is meant', async (t) => {
    const one = (more: string) =>
      `cases:\n  - { name: one, as: "service:demo", call: notes_raed, expect: deny${more} }\n`
    const { run } = await folder(t, {
      'access.yaml': policy,
      'typo.yaml': one(''),
      'meant.yaml': one(', reason: unknown_name'),
    })
    const typo = await run('test', 'typo.yaml')
    assert.equal(typo.code, 1)
    assert.match(typo.stdout, /did you mean "notes_read"\?/)
    assert.equal((await run('test', 'meant.yaml')).code, 0)
  })

  test('faults of the file of cases are told with their places', async (t) => {
    const { run } = await folder(t, { 'access.yaml': policy, 'bad.yaml': 'cases:\n  - name: one\n' })
    const { code, stderr } = await run('test', 'bad.yaml')
    assert.equal(code, 1)
    assert.match(stderr, /^bad\.yaml:2:5: /m)
  })
})
