import assert from 'node:assert/strict'
import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CEILING_OID, encodeCeiling } from '../../src/pki/ceiling.ts'
import { definePrompt } from '../../src/mcp/prompt.ts'
import { connectClient, type AnyClient } from '../support/clients.ts'
import { caOf } from '../support/openssl-ca.ts'
import { openSession } from '../support/session.ts'
import { policyOf, startServer, type TestServer } from '../support/server.ts'

let directory: string
let server: TestServer
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-ceiling-'))
  server = await startServer({
    listeners: { certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'optional' } },
    catalog: {
      tools: [],
      resources: [],
      prompts: [
        definePrompt({
          name: 'secret',
          description: 'Needs what no ceiling here lets through.',
          permission: 'secrets:read',
          arguments: [],
          get: async () => undefined,
        }),
      ],
    },
  })
})
after(async () => {
  await server.close()
  await rm(directory, { recursive: true })
})

/** A certificate of our CA with a ceiling; the name is granted everything, alice's session too. */
async function pair(kind: string, name: string, ...ceiling: readonly string[]) {
  const { files, trustDomain } = server.authority
  const ca = caOf(directory, `own-${name}-${ceiling.length}`, files.issuing, files.issuingKey)
  const made = ca.issue({
    extensions: [
      'basicConstraints = critical, CA:FALSE',
      'keyUsage = critical, digitalSignature',
      'extendedKeyUsage = clientAuth',
      `subjectAltName = URI:spiffe://${trustDomain}/${kind}/${name}`,
      ...(ceiling.length === 0 ? [] : [`${CEILING_OID} = DER:${encodeCeiling(ceiling).toString('hex')}`]),
    ],
  })
  return { cert: made.pem + ca.pem, key: await readFile(made.key, 'utf8') }
}

async function connected(
  tls: { cert: string; key: string },
  work: (client: AnyClient) => Promise<void>,
  headers: Record<string, string> = {},
): Promise<void> {
  const url = `https://127.0.0.1:${server.ports.certificates}/mcp`
  const client = await connectClient('2.x pinned', url, { ca: server.authority.rootPem, ...tls }, headers)
  try {
    await work(client)
  } finally {
    await client.close()
  }
}

interface Seen {
  readonly tools: readonly string[]
  readonly prompts: readonly string[]
  readonly resources: readonly string[]
}

async function seen(client: AnyClient): Promise<Seen> {
  const [{ tools }, { prompts }, { resources }] = [
    await client.listTools(),
    await client.listPrompts(),
    await client.listResources(),
  ]
  return {
    tools: tools.map(({ name }) => name),
    prompts: prompts.map(({ name }) => name),
    resources: resources.map(({ uri }) => uri),
  }
}

const whoami = async (client: AnyClient) =>
  (await client.callTool({ name: 'whoami', arguments: {} })).structuredContent as {
    readonly roles: readonly string[]
    readonly permissions: readonly string[]
  }

test('a ceiling takes away, in lists, calls and whoami, whatever the policy grants', async () => {
  const all: Seen[] = []
  await connected(await pair('service', 'admin-cli'), async (client) => {
    all.push(await seen(client))
    assert.deepEqual((await whoami(client)).permissions, ['*'])
  })
  const [without] = all
  assert.ok(without?.tools.includes('notes_write') && without.prompts.includes('secret'))
  await connected(await pair('service', 'admin-cli', 'time:*', 'notes:read'), async (client) => {
    const within = await seen(client)
    assert.ok(within.tools.includes('time_now') && within.tools.includes('notes_read'))
    assert.ok(!within.tools.includes('notes_write') && !within.prompts.includes('secret'))
    const { roles, permissions } = await whoami(client)
    assert.deepEqual({ roles, permissions }, { roles: ['admin'], permissions: ['time:*', 'notes:read'] })
    await assert.rejects(
      client.callTool({ name: 'notes_write', arguments: { id: 'a', text: 'b' } }),
      /Unknown tool/,
    )
    await assert.rejects(client.getPrompt({ name: 'secret' }))
    const event = await server.event('tool.decided', ({ resource }) => resource === 'notes_write')
    assert.deepEqual([event.decision, event.reason], ['deny', 'no_permission'])
  })
})

test('a ceiling of other rights than the policy gives leaves nothing but what everybody may', async () => {
  await connected(await pair('service', 'demo', 'notes:write'), async (client) => {
    assert.deepEqual(await seen(client), { tools: ['whoami'], prompts: [], resources: [] })
    assert.deepEqual((await whoami(client)).permissions, [])
  })
})

test('a session beside a certificate with a ceiling does not lift it', async () => {
  const { token } = await openSession(server, 'alice')
  const work = async (client: AnyClient): Promise<void> => {
    assert.deepEqual((await whoami(client)).permissions, ['notes:read'])
    await assert.rejects(client.callTool({ name: 'time_now', arguments: {} }), /Unknown tool/)
  }
  await connected(await pair('user', 'alice', 'notes:read'), work, { authorization: `Bearer ${token}` })
})

test('rights that the policy takes away are gone, also for who has a ceiling above them', async () => {
  await connected(await pair('service', 'admin-cli', 'time:read', 'notes:read'), async (client) => {
    await client.callTool({ name: 'time_now', arguments: {} })
    server.setPolicy(
      policyOf(`version: 1
rules: []
roles: { reader: [ "notes:read" ] }
grants: [ { service: admin-cli, roles: [ reader ] } ]
`),
    )
    await assert.rejects(client.callTool({ name: 'time_now', arguments: {} }), /Unknown tool/)
    assert.deepEqual((await whoami(client)).permissions, ['notes:read'])
  })
  server.setPolicy(policyOf())
})
