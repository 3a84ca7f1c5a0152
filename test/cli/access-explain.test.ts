import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { prompts, resources, tools } from '../golden/access/tools.ts'
import { inProcess } from '../support/in-process.ts'

const cwd = join(import.meta.dirname, '../golden/access')
const folder = join(cwd, 'explain')
/** A Tuesday, 15:00 in Berlin. */
const AT = ['--at', '2026-11-24T14:00:00Z']

/**
 * Situations, and what "access explain" says of each: test/golden/access/explain has the answers.
 * GOLDEN=update writes them anew; then read them, as whoever is called at night would.
 */
const SITUATIONS: Readonly<Record<string, readonly string[]>> = {
  'reads-a-note': ['service:demo', 'tools/call', 'notes_read', '{"id":"hello"}'],
  'may-not-write': ['service:demo', 'tools/call', 'notes_write', '{"id":"hello","text":"Hello"}'],
  'unknown-name': ['service:demo', 'tools/call', 'notes_raed', '{"id":"hello"}'],
  'nobody-knows-it': ['service:stranger', 'tools/call', 'notes_read', '{"id":"hello"}'],
  'role-needs-a-second-factor': ['user:root', 'tools/call', 'time_now', '{}', '--no-mfa'],
  'deletes-with-an-old-second-factor': [
    'user:alice',
    'tools/call',
    'notes_delete',
    '{"id":"hello"}',
    '--age',
    '2h',
    '--mfa-age',
    '10m',
  ],
  'agent-can-bring-no-second-factor': ['agent:triage', 'tools/call', 'notes_delete', '{"id":"hello"}'],
  'path-climbs-out-of-share': [
    'agent:triage',
    'tools/call',
    'files_read',
    '{"path":"/srv/share/../../etc/passwd"}',
  ],
  'ticket-of-somebody-else': ['user:alice', 'tools/call', 'tickets_close', '{"id":7,"assignee":"bob"}'],
  'lead-closes-any-ticket': ['user:lea', 'tools/call', 'tickets_close', '{"id":7,"assignee":"bob"}'],
  'deploys-at-night': [
    'user:ines',
    'tools/call',
    'deploy_run',
    '{"environment":"production","version":"1.2"}',
    '--at',
    '2026-11-25T02:30:00Z',
  ],
  'second-factor-older-than-the-grant-wants': [
    'user:ines',
    'tools/call',
    'deploy_run',
    '{"environment":"staging","version":"1.2"}',
    '--age',
    '9h',
  ],
  'deploys-without-the-certificate': [
    'service:pipeline-web',
    'tools/call',
    'deploy_run',
    '{"environment":"production","version":"1.2"}',
    '--uri',
    'spiffe://bank.example/service/web',
    '--issuer',
    'CN=Issuing CA',
  ],
  'pays-from-elsewhere': [
    'user:tara',
    'tools/call',
    'bank_pay',
    '{"to":"DE02","amount":12.5}',
    '--address',
    '198.51.100.7',
  ],
  'pays-from-nowhere': ['user:tara', 'tools/call', 'bank_pay', '{"to":"DE02","amount":12.5}'],
  'pays-much': ['service:billing', 'tools/call', 'bank_pay', '{"to":"DE02","amount":25000}'],
  'pays-much-and-nobody-answers-for-it': [
    'service:payroll',
    'tools/call',
    'bank_pay',
    '{"to":"DE02","amount":25000}',
  ],
  'attribute-is-missing': ['service:payroll', 'resources/read', 'customer://eu/42'],
  'customer-of-another-region': ['user:tara', 'resources/read', 'customer://eu/42'],
  'hidden-characters-in-an-argument': [
    'user:alice',
    'tools/call',
    'notes_write',
    '{"id":"pay\u200broll\u202e","text":"\\u001b[2Jgone"}',
  ],
  'long-argument-and-a-rule-in-shadow': [
    'user:alice',
    'tools/call',
    'notes_write',
    JSON.stringify({ id: 'long', text: 'lorem ipsum '.repeat(500) }),
  ],
  'argument-of-the-wrong-type': [
    'service:billing',
    'tools/call',
    'bank_pay',
    '{"to":"DE02","amount":"much"}',
  ],
  'beyond-the-ceiling': [
    'user:alice',
    'tools/call',
    'notes_write',
    '{"id":"hello","text":"Hello"}',
    '--only',
    'notes:read',
  ],
  'hidden-in-the-list': ['user:ian', 'tools/list', 'bank_balance', '--address', '10.20.3.4'],
  'listed-though-it-depends': ['agent:triage', 'tools/list', 'files_read'],
  'gets-a-prompt': ['user:omar', 'prompts/get', 'incident_report', '{"incident":"17"}'],
}

describe('access explain', () => {
  for (const [name, words] of Object.entries(SITUATIONS))
    test(`says what whoever is called at night needs: ${name}`, async () => {
      const at = words.includes('--at') ? [] : AT
      const { code, stdout, stderr } = await inProcess(['access', 'explain', ...words, ...at], { cwd })
      assert.equal(stderr, '')
      assert.equal(code, 0)
      const told = `$ sallyport access explain ${[...words, ...at].map(quoted).join(' ')}\n\n${stdout}`
      assert.equal(stdout.search(UNSEEN), -1)
      assert.equal(told, await golden(name, told))
    })

  test('everything that is served there is asked for in some situation', () => {
    const asked = Object.values(SITUATIONS).flat()
    for (const { name } of [...tools, ...prompts])
      assert.ok(asked.includes(name) || name === 'files_write', name)
    for (const { uriTemplate } of resources)
      assert.ok(asked.some((word) => word.startsWith(uriTemplate.slice(0, uriTemplate.indexOf('{')))))
  })

  test('there is no answer without its situation', () => {
    assert.deepEqual(
      readdirSync(folder).toSorted(),
      Object.keys(SITUATIONS)
        .map((name) => `${name}.txt`)
        .toSorted(),
    )
  })
})

async function golden(name: string, told: string): Promise<string> {
  const file = join(folder, `${name}.txt`)
  if (process.env['GOLDEN'] === 'update') {
    await mkdir(folder, { recursive: true })
    await writeFile(file, told)
  }
  assert.ok(existsSync(file), 'GOLDEN=update writes it')
  return readFile(file, 'utf8')
}

// oxlint-disable-next-line no-control-regex -- that is what is looked for
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u200b-\u200f\u202a-\u202e]/g

/** For a shell, and for a file to be read: as JSON would write it where there is something that cannot be seen. */
function quoted(word: string): string {
  const cut = word.length > 120 ? `${word.slice(0, 60)}…` : word
  const shown = cut.replaceAll(UNSEEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return /^[\w:./@=-]+$/.test(shown) ? shown : `'${shown}'`
}
