import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Agent, fetch as undiciFetch } from 'undici'
import { CLIENT_SHAPES, connectClient, type AnyClient, type ClientShape } from '../support/clients.ts'
import { serving, type Served } from '../support/command.ts'
import { installation, type Installation } from '../support/installation.ts'

/** Servers from the npm registry, as they are: what is behind the door in earnest. */
const MODULES = dirname(dirname(dirname(createRequire(import.meta.url).resolve('typescript/package.json'))))
const entryOf = (name: string): string =>
  join(MODULES, 'node_modules', '@modelcontextprotocol', name, 'dist', 'index.js')

let at: Installation
let served: Served
let remote: ChildProcess
let url: string
let share: string

before(async () => {
  at = await installation()
  const files = join(at.cwd, 'files')
  share = join(files, 'share')
  await mkdir(join(share, 'deep'), { recursive: true })
  await mkdir(join(files, 'private'))
  await mkdir(join(at.cwd, 'outside'))
  await writeFile(join(share, 'a.txt'), 'in the share')
  for (const place of ['files/private', 'outside']) await writeFile(join(at.cwd, place, 'key.txt'), SECRET)
  await symlink(join(at.cwd, 'outside', 'key.txt'), join(share, 'link.txt'))
  const port = await freePort()
  remote = spawn(process.execPath, [entryOf('server-everything'), 'streamableHttp'], {
    env: { PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await listening(remote)
  const stdio = (name: string, rest = '', more = '') =>
    `{ command: ${process.execPath}, args: [ ${entryOf(name)}${rest} ], sandbox: { read: [ ${MODULES}/node_modules ]${more} }`
  await writeFile(
    join(at.cwd, 'sallyport.yaml'),
    `upstreams:
  everything: ${stdio('server-everything')}, asks: [ elicitation, sampling, roots ] }
  remote: { url: "http://127.0.0.1:${port}/mcp", asks: [ elicitation, sampling, roots ] }
  files: ${stdio('server-filesystem', `, ${files}`, `, write: [ ${files} ]`)} }
  memory: ${stdio('server-memory')}, env: { MEMORY_FILE_PATH: /tmp/memory.jsonl } }
  thinking: ${stdio('server-sequential-thinking')} }
pins: { firstUse: trust }
`,
  )
  await writeFile(join(at.cwd, 'access.yaml'), accessOf(share))
  served = await serving('serve', { cwd: at.cwd })
  url = `https://localhost:${served.ports.certificates}/mcp`
  await pinned()
})
after(async () => {
  await served?.stop()
  remote?.kill('SIGKILL')
  await at.remove()
})

const SECRET = 'the key of the house'

const accessOf = (root: string) => `version: 1
rules:
  - name: files-under-share
    effect: deny
    tools: [ files_read_file, files_read_text_file, files_read_media_file, files_list_directory, files_write_file ]
    when: '!within(args.path, "${root}")'
  - name: every-file-under-share
    effect: deny
    tools: [ files_read_multiple_files ]
    when: '!args.paths.all(path, within(path, "${root}"))'
  - name: both-ends-under-share
    effect: deny
    tools: [ files_move_file ]
    when: '!within(args.source, "${root}") || !within(args.destination, "${root}")'
roles:
  reader:
    - files:read_file
    - files:read_text_file
    - files:read_media_file
    - files:read_multiple_files
    - files:list_directory
    - files:move_file
    - memory:read_graph
  admin: [ "*" ]
grants:
  - { service: demo, roles: [ reader ] }
  - { service: admin-cli, roles: [ admin ] }
`

/** Arguments for every tool, by name; those of \`everything\` are those of \`remote\` too. */
const CALLS = (): Readonly<Record<string, Record<string, unknown>>> => ({
  everything_echo: { message: 'hi' },
  'everything_get-annotated-message': { messageType: 'success', includeImage: true },
  'everything_get-env': {},
  'everything_get-resource-links': { count: 2 },
  'everything_get-resource-reference': { resourceType: 'Text', resourceId: 1 },
  'everything_get-structured-content': { location: 'Chicago' },
  'everything_get-sum': { a: 2, b: 3 },
  'everything_get-tiny-image': {},
  'everything_gzip-file-as-resource': { name: 'a.gz', data: 'data:text/plain,hello', outputType: 'resource' },
  'everything_toggle-simulated-logging': {},
  'everything_toggle-subscriber-updates': {},
  'everything_trigger-long-running-operation': { duration: 0.1, steps: 2 },
  files_create_directory: { path: join(share, 'new') },
  files_directory_tree: { path: share },
  files_write_file: { path: join(share, 'b.txt'), content: 'one' },
  files_edit_file: { path: join(share, 'b.txt'), edits: [{ oldText: 'one', newText: 'two' }] },
  files_get_file_info: { path: join(share, 'b.txt') },
  files_list_allowed_directories: {},
  files_list_directory: { path: share },
  files_list_directory_with_sizes: { path: share },
  files_read_file: { path: join(share, 'b.txt') },
  files_read_media_file: { path: join(share, 'b.txt') },
  files_read_multiple_files: { paths: [join(share, 'a.txt'), join(share, 'b.txt')] },
  files_read_text_file: { path: join(share, 'b.txt') },
  files_search_files: { path: share, pattern: '*.txt' },
  files_move_file: { source: join(share, 'b.txt'), destination: join(share, `${Math.random()}.txt`) },
  memory_create_entities: { entities: [{ name: 'a', entityType: 'thing', observations: [] }] },
  memory_create_relations: { relations: [{ from: 'a', to: 'a', relationType: 'is' }] },
  memory_add_observations: { observations: [{ entityName: 'a', contents: ['seen'] }] },
  memory_open_nodes: { names: ['a'] },
  memory_read_graph: {},
  memory_search_nodes: { query: 'a' },
  memory_delete_observations: { deletions: [{ entityName: 'a', observations: ['seen'] }] },
  memory_delete_relations: { relations: [{ from: 'a', to: 'a', relationType: 'is' }] },
  memory_delete_entities: { entityNames: ['a'] },
  thinking_sequentialthinking: { thought: 'a', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 },
})

/** Tools that ask the client, and what they answer in the end. */
const ASKING = {
  'trigger-elicitation-request': /Zoe|accept/i,
  'trigger-sampling-request': /thought/,
  'trigger-url-elicitation': /accept/,
  'get-roots-list': /file:\/\/\/srv/,
} as const

const ARGUMENTS: Readonly<Record<string, Record<string, unknown>>> = {
  'trigger-sampling-request': { prompt: 'think', maxTokens: 10 },
  'trigger-url-elicitation': { url: 'https://example.com/grant' },
}

for (const shape of CLIENT_SHAPES)
  test(`every tool of every server works: ${shape}`, async () => {
    const client = await connected(shape, 'admin-cli')
    const { tools } = await client.listTools()
    const calls = Object.entries(CALLS())
    const remoteCalls = calls.flatMap(([name, args]) =>
      name.startsWith('everything_') ? [[name.replace('everything_', 'remote_'), args] as const] : [],
    )
    for (const [name, args] of [...calls, ...remoteCalls]) {
      const answer = await client.callTool({ name, arguments: args })
      assert.notEqual(answer.isError, true, `${name}: ${JSON.stringify(answer.content)}`)
    }
    const known = new Set([...calls, ...remoteCalls].map(([name]) => name))
    const others = tools
      .map(({ name }) => name)
      .filter((name) => !known.has(name) && !/^(notes_|time_now|whoami)/.test(name))
    const asking = others.filter((name) => !/trigger-|get-roots-list|simulate-research-query/.test(name))
    assert.deepEqual(asking, [], 'no tool was left out')
    await client.close()
  })

for (const mode of ['legacy', 'auto'] as const)
  for (const upstream of ['everything', 'remote'])
    test(`tools that ask the user, the model and for roots are answered: ${upstream}, ${mode}`, async () => {
      const client = await asked(mode)
      for (const [name, said] of Object.entries(ASKING)) {
        const args = ARGUMENTS[name] ?? {}
        const { content } = await client.callTool({ name: `${upstream}_${name}`, arguments: args })
        assert.match(JSON.stringify(content), said, name)
      }
      await client.close()
    })

test('a service sees what its grant says of them, and nothing else', async () => {
  const client = await connected('2.x auto', 'demo')
  const { tools } = await client.listTools()
  assert.deepEqual(
    tools.map(({ name }) => name).filter((name) => name !== 'whoami'),
    [
      'files_list_directory',
      'files_move_file',
      'files_read_file',
      'files_read_media_file',
      'files_read_multiple_files',
      'files_read_text_file',
      'memory_read_graph',
    ],
  )
  assert.deepEqual((await client.listPrompts()).prompts, [])
  assert.deepEqual((await client.listResources()).resources, [])
  await client.close()
})

test('no spelling of its arguments makes the file server read outside of what a rule allows', async () => {
  const client = await connected('2.x auto', 'demo')
  const inside = await client.callTool({
    name: 'files_read_text_file',
    arguments: { path: join(share, 'deep', '..', 'a.txt') },
  })
  assert.match(JSON.stringify(inside.content), /in the share/)
  const outside = [
    `${share}/../private/key.txt`,
    `${share}/deep/../../private/key.txt`,
    `${share}/./../private//key.txt`,
    `${share}/%2e%2e/private/key.txt`,
    `${share}/..%2fprivate/key.txt`,
    `${share}\\..\\private\\key.txt`,
    join(dirname(share), 'private', 'key.txt'),
    `${share}-other/../private/key.txt`,
    `file://${dirname(share)}/private/key.txt`,
    '../private/key.txt',
    'private/key.txt',
    '~/key.txt',
    '/etc/passwd',
    `${share}/link.txt`,
    `${share}\u0000/../private/key.txt`,
    `${share}/\u2024\u2024/private/key.txt`,
  ]
  const key = join(dirname(share), 'private', 'key.txt')
  const tries: [string, Record<string, unknown>][] = [
    ...outside.flatMap((path): [string, Record<string, unknown>][] => [
      ['files_read_file', { path }],
      ['files_read_text_file', { path }],
      ['files_read_media_file', { path }],
      ['files_read_multiple_files', { paths: [path] }],
      ['files_read_multiple_files', { paths: [join(share, 'a.txt'), path] }],
      ['files_move_file', { source: path, destination: join(share, 'stolen.txt') }],
    ]),
    ['files_read_text_file', { paths: [key] }],
    ['files_read_text_file', { Path: key }],
    ['files_read_text_file', { file: key }],
    ['files_read_text_file', { path: [key] }],
    ['files_read_text_file', { path: { toString: key } }],
    ['files_read_multiple_files', { path: key }],
    ['files_read_multiple_files', { paths: key }],
    ['files_read_multiple_files', { paths: [[key]] }],
    ['files_read_multiple_files', { paths: { 0: key, length: 1 } }],
    ['files_list_directory', { path: join(share, '..', 'private') }],
    ['files_move_file', { source: join(share, 'a.txt'), destination: join(dirname(share), 'private', 'b') }],
  ]
  for (const [name, args] of tries) {
    const told = await client
      .callTool({ name, arguments: args })
      .then(JSON.stringify, (error: unknown) => String(error))
    assert.doesNotMatch(
      told,
      /key of the house|a2V5IG9mIHRoZSBob3VzZ|root:|key\.txt.*FILE|\[FILE\]/,
      `${name} ${JSON.stringify(args)}`,
    )
  }
  // Nothing was moved either way.
  const { content } = await client.callTool({ name: 'files_list_directory', arguments: { path: share } })
  assert.match(JSON.stringify(content), /a\.txt/)
  assert.doesNotMatch(JSON.stringify(content), /stolen/)
  await client.close()
})

async function connected(shape: ClientShape, name: string): Promise<AnyClient> {
  return connectClient(shape, url, { ...(await at.authority.client(name)), ca: at.authority.rootPem })
}

/** A client that has a user, a model and roots. */
async function asked(mode: 'legacy' | 'auto'): Promise<Client> {
  const tls = {
    ...(await at.authority.client('admin-cli')),
    ca: at.authority.rootPem,
    servername: 'localhost',
  }
  const dispatcher = new Agent({ connect: tls })
  const client = new Client(
    { name: 'test', version: '1' },
    {
      capabilities: { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} },
      versionNegotiation: { mode },
    },
  )
  client.setRequestHandler('elicitation/create', async ({ params }) => ({
    action: 'accept',
    ...(params.mode === 'url' ? {} : { content: { name: 'Zoe' } }),
  }))
  client.setRequestHandler('sampling/createMessage', async () => ({
    role: 'assistant',
    model: 'm',
    content: { type: 'text', text: 'thought' },
  }))
  client.setRequestHandler('roots/list', async () => ({ roots: [{ uri: 'file:///srv', name: 'srv' }] }))
  const fetch = async (to: string | URL, init: RequestInit = {}) =>
    undiciFetch(to, { ...(init as object), dispatcher })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }))
  const close = client.close.bind(client)
  client.close = async () => {
    await close()
    await dispatcher.destroy()
  }
  return client
}

/** Until the tools of every upstream are served. */
async function pinned(): Promise<void> {
  for (const name of ['everything', 'remote', 'files', 'memory', 'thinking'])
    await served.logged(new RegExp(`"upstream":"${name}".*(pinned|approved)`))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listening({ stderr }: ChildProcess): Promise<void> {
  if (stderr === null) return
  for await (const chunk of stderr) if (/listening on port/i.test(String(chunk))) break
}
