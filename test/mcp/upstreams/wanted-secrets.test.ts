import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UpstreamOptions, UpstreamTransport } from '../../../src/mcp/upstreams/options.ts'
import { secretAudience } from '../../../src/mcp/upstreams/secret-audience.ts'
import { wantedSecrets } from '../../../src/mcp/upstreams/wanted-secrets.ts'
import { httpTransport, upstreamOptions } from '../../support/dialed.ts'

type Stdio = Extract<UpstreamTransport, { kind: 'stdio' }>
type Http = Extract<UpstreamTransport, { kind: 'http' }>

const http = (url: string, headers: Http['headers'] = {}): UpstreamOptions =>
  upstreamOptions(httpTransport(url, { headers }))

const stdio = (fields: Partial<Stdio> = {}): UpstreamOptions =>
  upstreamOptions({
    kind: 'stdio',
    command: 'mcp-files',
    args: ['/srv'],
    env: {},
    home: '/home',
    isolation: { kind: 'trusted' },
    memory: 1,
    ...fields,
  })

test('an upstream wants the names of its gaps, each once and in order', () => {
  const headers = {
    Authorization: ['Bearer ', { user: 'token' }],
    'X-Both': [{ user: 'team' }, '/', { user: 'token' }],
    'X-None': ['plain'],
  }
  assert.deepEqual(wantedSecrets(http('https://wiki.internal/mcp', headers)), {
    upstream: 'wiki',
    audience: 'https://wiki.internal',
    names: ['team', 'token'],
  })
  assert.deepEqual(wantedSecrets(stdio({ env: { KEY: [{ user: 'key' }] } })).names, ['key'])
  assert.deepEqual(wantedSecrets(stdio()).names, [])
  assert.deepEqual(
    wantedSecrets(upstreamOptions({ kind: 'in-process', connect: async () => undefined })).names,
    [],
  )
})

test('secrets are bound to the origin of a URL: scheme, host and port, and not to what is behind them', () => {
  const origin = (url: string): string => secretAudience(http(url))
  assert.equal(origin('https://wiki.internal/mcp'), 'https://wiki.internal')
  assert.equal(origin('https://wiki.internal:443/other?x=1'), 'https://wiki.internal')
  for (const other of [
    'http://wiki.internal/mcp',
    'https://wiki.internal:8443/mcp',
    'https://wiki.internal.evil/',
  ])
    assert.notEqual(origin(other), 'https://wiki.internal', other)
})

test('or to a command line, word by word, and the image that it runs in; not to what else is configured', () => {
  const usual = secretAudience(stdio())
  assert.match(usual, /^stdio:[0-9a-f]{64}$/)
  const container = (image: string): Partial<Stdio> => ({
    isolation: { kind: 'container', engine: 'docker', image, read: [], write: [], network: true },
  })
  const others = [
    { command: 'mcp-file' },
    { args: [] },
    { args: ['/srv', ''] },
    { command: 'mcp-files /srv', args: [] },
    { args: ['/', 'srv'] },
    container('a'),
    container('b'),
  ].map((fields) => secretAudience(stdio(fields)))
  assert.equal(new Set([usual, ...others]).size, others.length + 1)
  const same = { env: { A: ['b'] }, memory: 2, isolation: { kind: 'user', user: 'mcp' } } as const
  assert.equal(secretAudience(stdio(same)), usual)
})
