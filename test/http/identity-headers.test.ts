import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { identityHeader } from '../../src/http/identity-headers.ts'

const claims: [string, string][] = [
  ['Client-Cert', 'client-cert'],
  ['Client-Cert-Chain', 'client-cert-chain'],
  ['X-Forwarded-Client-Cert', 'x-forwarded-client-cert'],
  ['X-Forwarded-For', 'x-forwarded*'],
  ['X-Forwarded-Host', 'x-forwarded*'],
  ['X-Forwarded', 'x-forwarded*'],
  ['Forwarded', 'forwarded'],
  ['X-Real-IP', 'x-real-ip'],
  ['X-SSL-Client-Verify', 'x-ssl-*'],
  ['X-SSL-Client-S-DN', 'x-ssl-*'],
  ['SSL-Client-Cert', 'ssl-client-*'],
  ['X-Client-Cert', 'x-client-cert*'],
  ['X-Client-Certificate', 'x-client-cert*'],
  ['X-Amzn-Mtls-Clientcert', 'x-amzn-mtls-*'],
  ['X-ARR-ClientCert', 'x-arr-clientcert'],
  ['X-Original-URL', 'x-original-*'],
  ['X-Rewrite-URL', 'x-rewrite-url'],
  ['X-Remote-User', 'x-remote-*'],
  ['True-Client-IP', 'true-client-ip'],
]
for (const [name, entry] of claims)
  test(`${name} claims an identity, in any case, and with "_" for "-"`, () => {
    for (const written of [name, name.toUpperCase(), name.toLowerCase(), name.replaceAll('-', '_')])
      assert.equal(identityHeader(written), entry)
  })

test('what a request needs claims none', () => {
  const needed =
    'host authorization cookie origin content-type content-length accept user-agent sec-fetch-site via connection ' +
    'mcp-session-id mcp-protocol-version mcp-method mcp-name mcp-param-client-cert last-event-id ' +
    'traceparent tracestate baggage x-request-id ' +
    'client client-certainty forwarded-for x-real x-client x-ssl x-original constructor __proto__'
  for (const name of needed.split(' ')) assert.equal(identityHeader(name), undefined, name)
})

test('no name makes it throw, and a name that only contains one of the list is none', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      identityHeader(name)
      assert.equal(identityHeader(`mcp-${name}-client-cert`), undefined)
    }),
  )
})
