import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AuditEvent } from '../src/audit/event.ts'
import { fileAuditSink } from '../src/audit/sink.ts'
import { wordsOf, type EdgeRefusal } from '../src/http/refusal.ts'
import * as library from '../src/index.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

/** Each of these is a promise to somebody outside: a change here is a change that they must hear of. */

test('the library exports these names and no others', () => {
  assert.deepEqual(Object.keys(library).toSorted(), [
    'SallyportError',
    'UNKNOWN',
    'admission',
    'admitCertificate',
    'allows',
    'authenticate',
    'certificateAuthenticator',
    'certificateOf',
    'createCatalog',
    'createEndpoint',
    'createGuard',
    'createServer',
    'definePrompt',
    'defineResource',
    'defineTool',
    'errorResult',
    'evidenceOf',
    'fileAuditSink',
    'fixedCatalog',
    'followRevocations',
    'isSallyportError',
    'isVisible',
    'openServers',
    'openStore',
    'openTelemetry',
    'parsePrincipal',
    'patternsOf',
    'principalOf',
    'protectedServer',
    'readPolicy',
    'readTrust',
    'resourceChanges',
    'sessionAuthenticator',
    'sessionKeys',
    'slotOf',
    'storeLimiter',
    'surfaceOf',
    'textResult',
    'tlsOptions',
  ])
})

const UNAUTHENTICATED = '401 unauthenticated: This request was not authenticated. [www-authenticate: Bearer]'
const UNAVAILABLE = '503 unavailable: This request cannot be judged at the moment. [retry-after: 1]'
const FOREIGN = '403 origin_not_allowed: Requests of this origin are not allowed.'
const WORDS: Record<EdgeRefusal, string> = {
  no_credential: UNAUTHENTICATED,
  credential_malformed: UNAUTHENTICATED,
  credential_conflict: UNAUTHENTICATED,
  certificate_untrusted: UNAUTHENTICATED,
  certificate_expired: UNAUTHENTICATED,
  certificate_not_yet_valid: UNAUTHENTICATED,
  certificate_wrong_usage: UNAUTHENTICATED,
  certificate_no_principal: UNAUTHENTICATED,
  certificate_revoked: UNAUTHENTICATED,
  certificate_ambiguous: UNAUTHENTICATED,
  certificate_ceiling_unreadable: UNAUTHENTICATED,
  principal_disabled: UNAUTHENTICATED,
  proxy_not_named: UNAUTHENTICATED,
  enrolment_token_invalid: UNAUTHENTICATED,
  certificate_request_refused: '400 certificate_request_refused: The certificate request is not acceptable.',
  renewal_refused: '403 renewal_refused: This certificate is not renewed.',
  handshake_failed: UNAUTHENTICATED,
  invalid_credentials: UNAUTHENTICATED,
  session_invalid: UNAUTHENTICATED,
  session_pending: UNAUTHENTICATED,
  session_bound_elsewhere: UNAUTHENTICATED,
  second_factor_required: UNAUTHENTICATED,
  second_factor_refused: UNAUTHENTICATED,
  not_permitted: UNAUTHENTICATED,
  session_wrong_site: UNAUTHENTICATED,
  crl_stale: UNAVAILABLE,
  revocation_stale: UNAVAILABLE,
  issuer_unavailable: UNAVAILABLE,
  store_unavailable: UNAVAILABLE,
  audit_unavailable: UNAVAILABLE,
  cross_site: FOREIGN,
  origin_not_allowed: FOREIGN,
  host_not_allowed: '403 host_not_allowed: This server does not answer to that host name.',
  rate_limited: '429 rate_limited: Too many requests. [retry-after: 1]',
  bad_request: '400 bad_request: The request is not acceptable.',
  request_malformed: '400 bad_request: The request is not acceptable.',
  body_too_large: '413 body_too_large: The request body is too large.',
  method_not_allowed: '405 method_not_allowed: The method is not allowed here.',
  not_found: '404 not_found: There is nothing here.',
  internal_error: '500 internal_error: Something went wrong.',
}

test('the edge refuses in these words', () => {
  for (const [reason, words] of Object.entries(WORDS)) {
    const { status, error, message, headers = {} } = wordsOf(reason as EdgeRefusal)
    const shown = Object.entries(headers).map(([name, value]) => ` [${name}: ${value}]`)
    assert.equal(`${status} ${error}: ${message}${shown.join('')}`, words, reason)
  }
})

/** The keys of a line whose event has these. */
const keys = (...own: string[]) => ['v', 'seq', 'at', 'event', ...own, 'prev', 'hash']
const CALLER = ['requestId', 'principal', 'methods', 'credential', 'action', 'resource']

test('an audit line has these keys, in this order', async (t) => {
  const caller = {
    requestId: 'request-1',
    principal: 'service:demo',
    methods: ['certificate'],
    credential: 'sha256:aa',
    action: 'tools/call',
    resource: 'whoami',
  } as const
  const events: [AuditEvent, string[]][] = [
    [
      {
        event: 'tool.decided',
        ...caller,
        decision: 'allow',
        reason: null,
        rule: null,
        shadow: [],
        confirmedBy: [],
        policy: 'sha256:bb',
        proofs: {
          authenticatedAt: '2026-11-21T10:00:00.000Z',
          mfaAt: null,
          address: null,
          certificate: null,
          ceilings: [],
        },
        arguments: null,
        trace: null,
      },
      keys(
        ...CALLER,
        'decision',
        'reason',
        'rule',
        'policy',
        'shadow',
        'confirmedBy',
        'proofs',
        'arguments',
        'trace',
      ),
    ],
    [
      { event: 'tool.finished', ...caller, trace: null, outcome: 'ok', exception: null, durationMs: 1 },
      keys(...CALLER, 'trace', 'outcome', 'exception', 'durationMs'),
    ],
    [{ event: 'policy.loaded', policy: 'sha256:bb', problem: null }, keys('policy', 'problem')],
  ]
  const directory = await temporaryDirectory(t)
  const sink = await fileAuditSink({ directory, writer: 'test', now: Date.now })
  for (const [event] of events) await sink.record(event)
  await sink.close()
  const [file = ''] = await readdir(directory)
  const lines = (await readFile(join(directory, file), 'utf8')).trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => Object.keys(JSON.parse(line) as object)),
    events.map(([, expected]) => expected),
  )
})
