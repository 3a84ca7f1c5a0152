import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { AuditEvent } from '../src/audit/event.ts'
import type { RefusalReason } from '../src/auth/authenticator.ts'
import { settingsSchema } from '../src/config/settings.ts'
import { contextWords } from '../src/login/context-words.ts'
import { passwordOnly } from '../src/login/credentials.ts'
import type { GrowingDelay } from '../src/login/growing-delay.ts'
import { DEVICE_LOGIN_LIFE } from '../src/login/device-code.ts'
import { DEVICE_LIFE } from '../src/login/known-device.ts'
import { ONE_TIME_LIFE } from '../src/login/one-time-password.ts'
import type { AdministratorPermission } from '../src/login/administrator-permissions.ts'
import type { RateLimit } from '../src/login/rate-limits.ts'
import { ROUTES } from '../src/login/routes.ts'
import { THROTTLE_SETTINGS, throttleLimits } from '../src/login/throttle-limits.ts'
import { BROWSER_STATE_TTL } from '../src/store/browser-sessions.ts'
import { slotOf } from '../src/auth/session-token.ts'
import { resourceChanges } from '../src/mcp/resource-changes.ts'
import { openStore } from '../src/store/open.ts'
import { HISTORY_LENGTH, REVOCATIONS_KEPT_LONGER } from '../src/store/retention.ts'
import { notePrompt, noteResource, noteTools } from '../src/tools/notes.ts'
import { timeNow } from '../src/tools/time.ts'
import { whoami } from '../src/tools/whoami.ts'
import { codeIn, constantIn, sectionOf } from './support/document.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

/** Whoever changes a number, an event or a table below hears from these tests that a document says otherwise. */

const HOUR = 3_600_000
const SETTINGS = settingsSchema.parse({})

function inWords(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [900, 'min'],
    [600, 'min'],
  ] as const
  const [length, unit] = units.find(([one]) => seconds % one === 0) ?? [1, 's']
  return unit === 'min' ? `${seconds / 60} min` : `${seconds / length} ${unit}`
}

function freeOf(limit: GrowingDelay | RateLimit): string {
  return 'free' in limit
    ? `${limit.free} in ${inWords(limit.within)}`
    : `${limit.points} in ${inWords(limit.seconds)}`
}

test('ASVS 6.1.1: SECURITY.md has every limit of logins, as it is', () => {
  const { text, tables } = sectionOf('SECURITY.md', 'How logins are slowed down')
  const [rows = []] = tables
  const limits = Object.values(throttleLimits(THROTTLE_SETTINGS)) as (GrowingDelay | RateLimit)[]
  assert.equal(rows.length, limits.length)
  for (const [at, limit] of limits.entries()) {
    const [what = '', free = '', then = ''] = rows[at] ?? []
    assert.ok(free.startsWith(freeOf(limit)), `${what}: ${freeOf(limit)}`)
    if (!('first' in limit)) continue
    const { afterwards, first, longest, forgotten } = limit
    assert.ok(then.startsWith(`${afterwards} after ${first} s, ${2 * first} s`), what)
    assert.ok(then.includes(`… at most ${inWords(longest)}`), what)
    assert.equal(inWords(forgotten), '1 d')
  }
  assert.deepEqual(SETTINGS.throttle, THROTTLE_SETTINGS)
  assert.ok(rows.some(([, free]) => free?.includes('`throttle.perAddress`')))
  assert.ok(text.includes(`for ${DEVICE_LIFE / (24 * HOUR)} days`))
  assert.equal(constantIn('login/ask-device-login.ts', 'QUOTA'), '{ overall: 1_000, perNetwork: 20 }')
  assert.match(text, /At most 20 logins of devices wait for one network, and 1,000 in all/)
  assert.equal(constantIn('server-doors.ts', 'HASHES_AT_ONCE'), '2')
  assert.equal(constantIn('server-doors.ts', 'MOST_HASHES_WAITING'), '64')
  assert.match(text, /two password hashes run at once and 64 wait/)
  assert.match(constantIn('server-edge.ts', 'RENEWALS'), /perKey: 60, overall: 600, window: 60_000/)
  assert.match(constantIn('server-edge.ts', 'ENROLMENTS'), /perKey: 20, overall: 300, window: 60_000/)
  assert.match(
    text,
    /by client \(60 a minute\) and overall \(600\), enrolments by address \(20\) and overall \(300\)/,
  )
})

test('ASVS 6.1.2: SECURITY.md says which words are no password here', async () => {
  const { text } = sectionOf('SECURITY.md', 'Passwords')
  const words = contextWords('ann.lee', ['door.example'])
  assert.deepEqual(words.toSorted(), [
    'ann',
    'ann.lee',
    'door',
    'door.example',
    'example',
    'lee',
    'sallyport',
  ])
  assert.match(
    text,
    /here: `sallyport`, the name of the user and the names of the hosts, each whole and in its parts/,
  )
  assert.equal(constantIn('login/context-words.ts', 'LEAST'), '3')
  assert.match(text, /parts of three letters and more/)
  const [shortest, longest] = ['SHORTEST', 'LONGEST'].map((name) => constantIn('login/password.ts', name))
  assert.ok(text.startsWith(` ${shortest} to ${longest} characters`))
  assert.equal(Number(constantIn('login/guessable.ts', 'FEWEST_GUESSES')), 10 ** 9)
  assert.match(text, /within 10⁹ tries/)
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  const thousands = Math.floor(dictionary['passwords-common'].length / 1000)
  assert.ok(text.includes(`some ${thousands},000 passwords that leak most often`))
})

/** What is posted to the door for people and lets nobody in. */
const NO_WAYS = new Set([
  '/auth/logout',
  '/auth/refresh',
  '/auth/enrol/totp',
  '/auth/enrol/passkey',
  '/auth/enrol/passkey/options',
  '/auth/passkey/options',
  '/auth/remove/totp',
  '/auth/remove/passkey',
  '/auth/secret',
  '/auth/remove/secret',
  '/auth/recovery-codes',
  '/auth/confirm',
  '/auth/sessions/end',
  '/auth/sessions/end-others',
  '/auth/sessions/end-all',
])

test('ASVS 6.1.3: SECURITY.md has every way in, with what it proves and what it is good for', () => {
  const [rows = []] = sectionOf('SECURITY.md', 'Ways in').tables
  const documented = new Set(rows.flatMap(([, at = '', , good = '']) => codeIn(`${at} ${good}`)))
  const ways = Object.keys(ROUTES.post).filter((path) => !NO_WAYS.has(path))
  assert.deepEqual([...documented].filter((code) => code.startsWith('/auth/')).toSorted(), ways.toSorted())
  for (const path of NO_WAYS) assert.ok(path in ROUTES.post, path)
  for (const path of ['/mcp', '/pki/renew', '/pki/enroll']) assert.ok(documented.has(path), path)
  for (const row of rows) assert.ok(row.length === 4 && row.every((cell) => cell.length > 2), row[0])
})

test('ASVS 7.1.1, 7.1.2: SECURITY.md says how long sessions last, how many there are, and what happens then', () => {
  const { text } = sectionOf('SECURITY.md', 'Sessions')
  const { idleTimeout, absoluteTimeout, most } = SETTINGS.sessions
  assert.ok(
    text.includes(
      `after ${idleTimeout / 60_000} minutes without use and after ${absoluteTimeout / HOUR} hours`,
    ),
  )
  assert.ok(idleTimeout <= HOUR && absoluteTimeout <= 24 * HOUR, 'NIST SP 800-63B-4, 2.2.3')
  assert.match(text, /NIST SP 800-63B-4 recommends at most an hour and a day/)
  assert.equal(constantIn('login/open-session.ts', 'PENDING_LIFE'), '5 * 60_000')
  assert.match(text, /A pending login ends after five minutes/)
  assert.equal(constantIn('login/open-session.ts', 'MOST_PENDING'), '5')
  assert.ok(text.includes(`at most ${most} sessions (\`sessions.most\`) and 5 pending logins at once`))
  assert.match(text, /one more, the oldest of its kind ends/)
  assert.equal(constantIn('login/fresh.ts', 'FRESH'), '5 * 60_000')
  assert.match(text, /an authentication of the last five minutes/)
})

const ADMINISTRATORS: Record<AdministratorPermission, string> = {
  'sessions:read': 'get /auth/users/:name/sessions',
  'sessions:end': 'delete /auth/users/:name/sessions',
}

test('ASVS 8.1.1: SECURITY.md has every permission, and what it lets one do', async (t) => {
  const [rows = []] = sectionOf('SECURITY.md', 'Who may do what').tables
  const documented = rows.map(([permission = '', what = '']) => [...codeIn(permission), ...codeIn(what)])
  const store = await openStore(`sqlite:${join(await temporaryDirectory(t), 's.db')}`, {
    now: Date.now,
    slotOf,
  })
  t.after(() => store.close())
  const notes = {
    store: store.notes,
    changes: resourceChanges(),
    quota: { notes: 1, bytes: 1 },
    now: Date.now,
  }
  const resource = noteResource(notes)
  const granted = [
    ...[whoami(() => []), timeNow(Date.now), ...noteTools(notes), notePrompt(notes)].map(
      ({ name, permission }) => [permission, name] as const,
    ),
    [resource.permission, resource.uriTemplate] as const,
    ...Object.entries(ADMINISTRATORS).map(
      ([permission, route]) => [permission, route.replace(/^\w+/, (method) => method.toUpperCase())] as const,
    ),
  ]
  assert.deepEqual(
    documented.flatMap(([permission, ...names]) => names.map((name) => `${permission} ${name}`)).toSorted(),
    granted.map((one) => one.join(' ')).toSorted(),
  )
  const [read, end] = Object.values(ADMINISTRATORS).map((route) => route.split(' '))
  assert.ok(String(read?.[1]) in ROUTES.get && String(end?.[1]) in ROUTES.delete)
  assert.equal(constantIn('server-catalog.ts', 'NOTE_QUOTA'), '{ notes: 100, bytes: 1024 * 1024 }')
  assert.ok(rows.some(([, , whose]) => whose?.includes('100 of 1 MiB together')))
})

const KEPT = sectionOf('SECURITY.md', 'What is kept, and how it is protected')

test('ASVS 14.1.1: SECURITY.md has a level for everything that is kept', async (t) => {
  const [rows = []] = KEPT.tables
  const path = join(await temporaryDirectory(t), 'store.db')
  await (await openStore(`sqlite:${path}`, { now: Date.now, slotOf })).close()
  const database = new DatabaseSync(path, { readOnly: true })
  t.after(() => database.close())
  const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
  const places = new Set(rows.flatMap(([, , where = '']) => codeIn(where)))
  assert.deepEqual(
    tables.map(({ name }) => String(name)).toSorted(),
    [...places].filter((place) => !place.endsWith('/')).toSorted(),
  )
  const things = rows.flatMap(([what = '']) => codeIn(what))
  assert.deepEqual(things.toSorted(), Object.keys(passwordOnly('', null)).toSorted())
  const levels = new Set(rows.map(([, level = '']) => level))
  assert.deepEqual([...levels].toSorted(), ['as the tool says', 'internal', 'personal', 'secret'])
})

test('ASVS 14.1.2: SECURITY.md says how each of it is protected, and until when it is kept', () => {
  const [rows = []] = KEPT.tables
  for (const [what = '', , where, by = '', until = ''] of rows)
    if (where !== 'nowhere') assert.ok(by.length > 2 && until.length > 2, what)
  for (const level of ['Secret', 'Personal', 'Internal'])
    assert.match(KEPT.text, new RegExp(`${level} (?:\\(|is)`))
  const untilOf = (thing: string): string => rows.find(([what]) => what?.includes(thing))?.[4] ?? ''
  assert.ok(untilOf('histories').startsWith(`${HISTORY_LENGTH} entries`))
  assert.ok(untilOf('state of browsers').startsWith(`${BROWSER_STATE_TTL / HOUR} hours`))
  assert.equal(REVOCATIONS_KEPT_LONGER, 48 * HOUR)
  assert.match(untilOf('ended early'), /^two days past/)
  assert.equal(DEVICE_LOGIN_LIFE, 10 * 60_000)
  assert.match(untilOf('user codes'), /at most ten minutes/)
  const limits = Object.values(throttleLimits(THROTTLE_SETTINGS)) as (GrowingDelay | RateLimit)[]
  const lives = limits.map((one) => ('forgotten' in one ? Math.max(one.forgotten, one.within) : one.seconds))
  assert.equal(Math.max(...lives), 86_400)
  assert.match(untilOf('counters'), /^a day at most/)
  assert.equal(ONE_TIME_LIFE, HOUR)
})

/** Exhaustive: an event or a reason that is added does not compile until it stands here, and then SECURITY.md needs it. */
const EVENTS: Record<AuditEvent['event'], true> = {
  'request.refused': true,
  'session.opened': true,
  'session.ended': true,
  'factor.added': true,
  'factor.removed': true,
  'secret.set': true,
  'secret.removed': true,
  'user.added': true,
  'user.disabled': true,
  'user.enabled': true,
  'user.password_reset': true,
  'user.factors_reset': true,
  'user.sessions_ended': true,
  'tool.decided': true,
  'prompt.decided': true,
  'resource.decided': true,
  'tool.finished': true,
  'prompt.finished': true,
  'resource.finished': true,
  'confirmation.asked': true,
  'confirmation.given': true,
  'confirmation.refused': true,
  'confirmation.used': true,
  'confirmation.withdrawn': true,
  'audit.opened': true,
  'audit.checkpoint': true,
  'certificate.issued': true,
  'certificate.renewed': true,
  'certificate.enrolled': true,
  'certificate.revoked': true,
  'enrolment.offered': true,
  'files.loaded': true,
  'files.rejected': true,
  'policy.loaded': true,
  'policy.rejected': true,
  'definitions.approved': true,
  'upstream.up': true,
  'upstream.down': true,
  'definition.quarantined': true,
  'definition.released': true,
  'definition.pinned': true,
}
const REASONS: Record<RefusalReason, true> = {
  no_credential: true,
  credential_malformed: true,
  credential_conflict: true,
  certificate_untrusted: true,
  certificate_expired: true,
  certificate_not_yet_valid: true,
  certificate_wrong_usage: true,
  certificate_no_principal: true,
  certificate_revoked: true,
  certificate_ambiguous: true,
  certificate_ceiling_unreadable: true,
  crl_stale: true,
  revocation_stale: true,
  principal_disabled: true,
  proxy_not_named: true,
  handshake_failed: true,
  invalid_credentials: true,
  session_invalid: true,
  session_pending: true,
  session_bound_elsewhere: true,
  second_factor_required: true,
  second_factor_refused: true,
  not_permitted: true,
  session_wrong_site: true,
  cross_site: true,
  host_not_allowed: true,
  origin_not_allowed: true,
  rate_limited: true,
  certificate_request_refused: true,
  enrolment_token_invalid: true,
  renewal_refused: true,
  issuer_unavailable: true,
  request_malformed: true,
  store_unavailable: true,
  audit_unavailable: true,
}

test('ASVS 16.1.1: SECURITY.md has every log, every event and every reason of a refusal', () => {
  const { text, tables } = sectionOf('SECURITY.md', 'What is logged, and where')
  const [logs = [], events = []] = tables
  assert.ok(logs.every((row) => row.length === 5 && row.every((cell) => cell !== '')))
  assert.deepEqual(events.flatMap(([event = '']) => codeIn(event)).toSorted(), Object.keys(EVENTS).toSorted())
  const [, reasons = ''] = /Reasons: ([^.]+)\./.exec(text) ?? []
  assert.deepEqual(codeIn(reasons).toSorted(), Object.keys(REASONS).toSorted())
  assert.equal(constantIn('audit/anonymous.ts', 'WHOLE_PER_MINUTE'), '10')
  assert.equal(constantIn('audit/anonymous.ts', 'LARGEST_FILE'), '1_048_576')
  const strangers = logs.find(([log]) => log === 'refusals of strangers')?.join(' ') ?? ''
  assert.match(strangers, /ten of a kind a minute, the others counted.*1 MiB each/)
})
