import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { z } from 'zod'
import { definePrompt } from '../../src/mcp/prompt.ts'
import { defineResource } from '../../src/mcp/resource.ts'
import { defineTool, textResult, type ToolDefinition } from '../../src/mcp/tool.ts'
import type { CatalogParts } from '../../src/mcp/catalog.ts'
import {
  ask,
  CLIENT_SHAPES,
  connectClient,
  INITIALIZE,
  legacy,
  modern,
  type AnyClient,
  type Ask,
  type ClientShape,
} from '../support/clients.ts'
import { policyOf, startServer, type TestServer } from '../support/server.ts'

/** What ran, with the very arguments. */
const ran: [string, unknown][] = []
const tool = (name: string, inputSchema: ToolOptionsSchema): ToolDefinition =>
  defineTool({
    name,
    description: 'Says that it ran.',
    inputSchema,
    permission: 'test:call',
    run(args) {
      ran.push([name, args])
      return textResult('it ran')
    },
  })
type ToolOptionsSchema = Parameters<typeof defineTool>[0]['inputSchema']

const CATALOG: CatalogParts = {
  tools: [
    tool('files_read', z.strictObject({ path: z.string().optional() })),
    tool('bank_pay', z.strictObject({ to: z.strictObject({ account: z.string() }), amount: z.number() })),
    tool('tag', z.strictObject({ names: z.array(z.string()), note: z.string().nullable().optional() })),
  ],
  prompts: [
    definePrompt({
      name: 'explain_file',
      description: 'Explains a file.',
      arguments: [{ name: 'path', required: true }],
      permission: 'test:call',
      async get(args) {
        ran.push(['explain_file', args])
        return { messages: [{ role: 'user', content: { type: 'text', text: 'it ran' } }] }
      },
      complete: async (_argument, begun) => PATHS.filter((path) => path.startsWith(begun)),
    }),
  ],
  resources: [
    defineResource({
      name: 'file',
      description: 'A file.',
      uriTemplate: 'file://{path}',
      permission: 'test:call',
      list: async () => PATHS.map((path) => ({ uri: `file://${encodeURIComponent(path)}`, name: path })),
      async read(uri, variables) {
        ran.push(['file', { ...variables }])
        return { contents: [{ uri, text: 'it ran' }] }
      },
      complete: async (_variable, begun) => PATHS.filter((path) => path.startsWith(begun)),
    }),
  ],
}
const PATHS = ['/srv/share/a', '/srv/share/b c', '/etc/passwd', '/srv/share/../../etc/passwd']

const RIGHTS = `
roles: { caller: [ "test:call" ], admin: [ "*" ] }
grants: [ { service: demo, roles: [ caller ] }, { service: admin-cli, roles: [ admin ] } ]
`
const RULES = `version: 1
rules:
  - { name: files-under-share, effect: deny, tools: [ files_read ], prompts: [ explain_file ], resources: [ "file://**" ], when: '!within(args.path, "/srv/share")' }
  - { name: small-payments, effect: deny, tools: [ bank_pay ], when: 'args.amount > 1000.0 || args.to.account.startsWith("XX")' }
  - { name: no-secret-tags, effect: deny, tools: [ tag ], when: 'args.names.exists(name, name == "secret") || args.note == "secret"' }
${RIGHTS}`

let server: TestServer
let demo: Pick<Ask, 'port' | 'ca' | 'cert' | 'key'>
before(async () => {
  server = await startServer({ catalog: CATALOG })
  server.setPolicy(policyOf(RULES, CATALOG))
  const pair = await server.authority.client('demo')
  demo = { port: server.ports.certificates, ca: server.authority.rootPem, ...pair }
})
after(async () => server.close())
beforeEach(() => ran.splice(0))

async function connected(shape: ClientShape): Promise<AnyClient> {
  const { port, ...tls } = demo
  return connectClient(shape, `https://127.0.0.1:${port}/mcp`, tls)
}

/** What a client is told: the first text, or the error. */
async function toldBy(called: Promise<unknown>): Promise<string> {
  return called.then(
    (result) => JSON.stringify(result),
    (error: unknown) => (error instanceof Error ? error.message : assert.fail()),
  )
}

const GOOD: readonly [string, Record<string, unknown>][] = [
  ['files_read', { path: '/srv/share' }],
  ['files_read', { path: '/srv/share/a/../b' }],
  ['bank_pay', { to: { account: 'DE1' }, amount: 1000 }],
  ['tag', { names: ['public'], note: null }],
]

const MEGABYTE = 'x'.repeat(1024 * 1024)

/** Each would do harm if it ran, or is none of what the condition can judge. */
const BAD: Readonly<Record<string, readonly [string, Record<string, unknown>]>> = {
  'a forbidden value': ['files_read', { path: '/etc/passwd' }],
  'a forbidden value in disguise': ['files_read', { path: '/srv/share/../../etc/passwd' }],
  'a neighbour that begins alike': ['files_read', { path: '/srv/shared/x' }],
  'an argument left out': ['files_read', {}],
  'a null': ['files_read', { path: null }],
  'a number for a text': ['files_read', { path: 5 }],
  'a list for a text': ['files_read', { path: ['/srv/share/a'] }],
  'an object for a text': ['files_read', { path: { path: '/srv/share/a' } }],
  'a text of a megabyte': ['files_read', { path: `/etc/${MEGABYTE}` }],
  'another name beside it': ['files_read', { Path: '/srv/share/a', 'path ': '/srv/share/a' }],
  'an amount over it': ['bank_pay', { to: { account: 'DE1' }, amount: 1000.01 }],
  'an amount as text': ['bank_pay', { to: { account: 'DE1' }, amount: '5' }],
  'a forbidden value deep inside': ['bank_pay', { to: { account: 'XX1' }, amount: 5 }],
  'the inside left out': ['bank_pay', { to: {}, amount: 5 }],
  'the inside of another shape': ['bank_pay', { to: [{ account: 'DE1' }], amount: 5 }],
  'a forbidden member': ['tag', { names: ['public', 'secret'], note: null }],
  'a text for a list': ['tag', { names: 'secret', note: null }],
  'one condition true, the other without its value': ['tag', { names: ['secret'] }],
}

for (const shape of CLIENT_SHAPES)
  describe(`arguments decide, for a ${shape} client`, () => {
    let client: AnyClient
    before(async () => {
      client = await connected(shape)
    })
    after(async () => client.close())

    test('what the rules leave is run with the very arguments', async () => {
      for (const [name, args] of GOOD) {
        assert.match(await toldBy(client.callTool({ name, arguments: args })), /it ran/)
        assert.deepEqual(ran.pop(), [name, args])
      }
    })

    test('everything else is told as if the tool did not exist, and nothing runs', async () => {
      const unknown = await toldBy(client.callTool({ name: 'nothing', arguments: {} }))
      assert.match(unknown, /Unknown tool: nothing/)
      for (const [what, [name, args]] of Object.entries(BAD)) {
        const told = await toldBy(client.callTool({ name, arguments: args }))
        assert.equal(told, unknown.replace('nothing', name), what)
        const last = server.events.findLast(({ event }) => event === 'tool.decided')
        assert.ok(last?.event === 'tool.decided' && last.reason === 'denied_by_rule', what)
      }
      assert.deepEqual(ran, [])
    })

    test('a tool, of which some may be called, is listed; a name that looks like it is no tool', async () => {
      const { tools } = await client.listTools()
      const names = new Set(tools.map(({ name }) => name))
      for (const name of ['files_read', 'bank_pay', 'tag']) assert.ok(names.has(name), name)
      for (const name of [
        'files_read ',
        'Files_read',
        'files_re\u0430d',
        'files_read\u0000',
        'files-read',
        '__proto__',
      ])
        assert.match(
          await toldBy(client.callTool({ name, arguments: { path: '/srv/share/a' } })),
          /Unknown tool/,
          name,
        )
      assert.deepEqual(ran, [])
    })

    test('a prompt is no way around it', async () => {
      const got = async (path: string) =>
        toldBy(client.getPrompt({ name: 'explain_file', arguments: { path } }))
      assert.match(await got('/srv/share/a'), /it ran/)
      assert.deepEqual(ran.splice(0), [['explain_file', { path: '/srv/share/a' }]])
      for (const path of ['/etc/passwd', '/srv/share/../../etc/passwd', '', '/srv/share/a\u0000/../../etc'])
        assert.match(await got(path), /Unknown prompt: explain_file/, path)
      assert.match(await toldBy(client.getPrompt({ name: 'explain_file' })), /Unknown prompt: explain_file/)
      assert.deepEqual(ran, [])
    })

    test('a resource is no way around it, however its URI is written', async () => {
      const read = async (uri: string) => toldBy(client.readResource({ uri }))
      assert.match(await read('file://%2Fsrv%2Fshare%2Fa'), /it ran/)
      assert.match(await read('file://%2fsrv%2Fsh%61re%2Fa'), /it ran/)
      assert.deepEqual(ran.splice(0), [
        ['file', { path: '/srv/share/a' }],
        ['file', { path: '/srv/share/a' }],
      ])
      for (const uri of [
        'file://%2Fetc%2Fpasswd',
        'file://%2fetc%2f%70asswd',
        'file://%2Fsrv%2Fshare%2F..%2F..%2Fetc%2Fpasswd',
        'file://%2Fsrv%2Fshare%2F%2e%2e%2F%2e%2e%2Fetc%2Fpasswd',
        'file://%252Fsrv%252Fshare%252Fa',
        'FILE://%2Fsrv%2Fshare%2Fa',
      ])
        assert.match(await read(uri), /Resource not found/, uri)
      assert.deepEqual(ran, [])
    })

    test('lists and completions show what may be read, and nothing else', async () => {
      const { resources } = await client.listResources()
      const files = resources.filter(({ uri }) => uri.startsWith('file:'))
      assert.deepEqual(
        files.map(({ uri }) => uri),
        ['file://%2Fsrv%2Fshare%2Fa', 'file://%2Fsrv%2Fshare%2Fb%20c'],
      )
      for (const ref of [
        { type: 'ref/prompt', name: 'explain_file' },
        { type: 'ref/resource', uri: 'file://{path}' },
      ] as const) {
        const { completion } = await client.complete({ ref, argument: { name: 'path', value: '/' } })
        assert.deepEqual(completion, { values: PATHS.slice(0, 2), total: 2, hasMore: false })
      }
      const granted = await client.watch(
        ['file://%2Fsrv%2Fshare%2Fa', 'file://%2Fetc%2Fpasswd'],
        () => undefined,
      )
      assert.deepEqual(granted, ['file://%2Fsrv%2Fshare%2Fa'])
    })
  })

const eras: Readonly<
  Record<
    string,
    (params: Record<string, unknown>) => Promise<{ headers: Record<string, string>; body: string }>
  >
> = {
  '2026-07-28': async (params) => modern('tools/call', params),
  async '2025-11-25'(params) {
    const opened = await ask({ ...demo, ...legacy('initialize', INITIALIZE) })
    return legacy('tools/call', params, String(opened.headers['mcp-session-id']))
  },
}

for (const [era, messageOf] of Object.entries(eras))
  test(`in ${era}, a key that occurs twice is decided by nobody`, async () => {
    const { headers, body } = await messageOf({ name: 'files_read', arguments: { path: 'PLACE' } })
    for (const twice of [
      '"/srv/share/a","path":"/etc/passwd"',
      '"/etc/passwd","path":"/srv/share/a"',
      '"/srv/share/a","\\u0070ath":"/etc/passwd"',
      '"/srv/share/a","__proto__":{"path":"/etc/passwd"}',
    ]) {
      const answer = await ask({ ...demo, headers, body: body.replace('"PLACE"', twice) })
      assert.equal(answer.status, 400)
    }
    const renamed = body.replace('"name":"files_read"', '"name":"nothing","name":"files_read"')
    assert.equal((await ask({ ...demo, headers, body: renamed })).status, 400)
    assert.deepEqual(ran, [])
  })

for (const [era, messageOf] of Object.entries(eras))
  test(`in ${era}, what a rule denies has the bytes of what does not exist`, async () => {
    const answered = async (name: string): Promise<string> => {
      const message = await messageOf({ name, arguments: { path: '/etc/passwd' } })
      const { status, headers, body } = await ask({ ...demo, ...message })
      return `${status} ${headers['content-type']} ${body}`.replaceAll(name, 'X')
    }
    assert.equal(await answered('files_read'), await answered('nothing'))
  })

test('a rule about URIs means the resource, however its URI is written', async (t) => {
  const rule = '{ name: not-b, effect: deny, resources: [ "file://*b%20c" ] }'
  server.setPolicy(policyOf(`version: 1\nrules: [ ${rule} ]\n${RIGHTS}`, CATALOG))
  t.after(() => server.setPolicy(policyOf(RULES, CATALOG)))
  const client = await connected('1.x')
  t.after(async () => client.close())
  const read = async (uri: string) => toldBy(client.readResource({ uri }))
  assert.match(await read('file://%2Fsrv%2Fshare%2Fa'), /it ran/)
  for (const uri of ['b%20c', 'b c', '%62%20c', 'b%20%63'].map((end) => `file://%2Fsrv%2Fshare%2F${end}`))
    assert.match(await read(uri), /Resource not found/, uri)
  const { resources } = await client.listResources()
  assert.ok(!resources.some(({ uri }) => uri.endsWith('b%20c')))
})

test('limits count calls that run, and those that are denied by a rule not', async (t) => {
  server.setPolicy(
    policyOf(RULES.replace('\nroles:', '\nlimits: [ { tools: [ "files_*" ], rate: 2/d } ]\nroles:'), CATALOG),
  )
  t.after(() => server.setPolicy(policyOf(RULES, CATALOG)))
  const client = await connected('2.x pinned')
  t.after(async () => client.close())
  const call = async (path: string) => toldBy(client.callTool({ name: 'files_read', arguments: { path } }))
  for (let n = 0; n < 3; n++) assert.match(await call('/etc/passwd'), /Unknown tool/)
  for (let n = 0; n < 2; n++) assert.match(await call('/srv/share/a'), /it ran/)
  assert.match(await call('/srv/share/a'), /Too many calls: try again in \d+ seconds/)
  assert.match(await call('/etc/passwd'), /Unknown tool/)
  const raw = await ask({
    ...demo,
    ...modern('tools/call', { name: 'files_read', arguments: { path: '/srv/share' } }),
  })
  const { error } = raw.json() as { error: { code: number; data: { retryAfterMs: number } } }
  assert.equal(raw.status, 200)
  assert.equal(error.code, 429)
  assert.ok(error.data.retryAfterMs > 80_000_000 && error.data.retryAfterMs <= 86_400_000)
  const event = await server.event('tool.decided', ({ reason }) => reason === 'rate_limited')
  assert.deepEqual([event.decision, event.rule], ['deny', 'limits[0]'])
})
