import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Agent, fetch as undiciFetch } from 'undici'
import { ask, CLIENT_SHAPES, connectClient, modern } from '../support/clients.ts'
import { ANY_PORTS } from '../support/command.ts'
import { installation, type Installation } from '../support/installation.ts'

const ACCESS = `version: 1
rules: []
roles:
  reader: [ "wiki:greet", "wiki:index" ]
  admin: [ "*" ]
grants:
  - { service: demo, roles: [ reader ] }
  - { service: admin-cli, roles: [ admin ] }
`

for (const example of ['protect-mcp-server-2.ts', 'protect-mcp-server-1.ts'])
  describe(example, () => {
    let at: Installation
    let url: string
    let child: ChildProcess

    before(async () => {
      at = await installation()
      await writeFile(join(at.cwd, 'access.yaml'), ACCESS)
      const running = spawn(process.execPath, [join(import.meta.dirname, example)], {
        cwd: at.cwd,
        env: { ...process.env, ...ANY_PORTS },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child = running
      let errors = ''
      running.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
      const ended = once(running, 'exit').then(() => assert.fail(`it ended: ${errors}`))
      const lines = createInterface({ input: running.stdout })
      const [line] = await Promise.race([once(lines, 'line'), ended])
      ended.catch(() => undefined)
      url = String(line)
    })
    after(async () => {
      if (child.exitCode === null) {
        const ended = once(child, 'exit')
        child.kill('SIGKILL')
        await ended
      }
      await at.remove()
    })

    const tlsOf = async (name: string) => ({
      ...(await at.authority.client(name)),
      ca: at.authority.rootPem,
    })

    for (const shape of CLIENT_SHAPES)
      test(`a client lists what it may use and is known by its name: ${shape}`, async () => {
        const client = await connectClient(shape, url, await tlsOf('demo'))
        const { tools } = await client.listTools()
        const own = tools.map(({ name }) => name).filter((name) => !/^(notes|time)_|^whoami$/.test(name))
        assert.deepEqual(own, ['greet', 'index'])
        const { content } = await client.callTool({ name: 'greet', arguments: {} })
        assert.deepEqual(content, [{ type: 'text', text: 'Hello, service:demo!' }])
        await client.close()
      })

    test('callers at the same time are each known as themselves', async () => {
      const names = ['demo', 'admin-cli']
      const clients = await Promise.all(
        names.map(async (name) => connectClient('2.x auto', url, await tlsOf(name))),
      )
      const said = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const [client, name] = [clients[index % 2], names[index % 2]]
          const answer = await client?.callTool({ name: 'greet', arguments: {} })
          return [answer?.content, [{ type: 'text', text: `Hello, service:${name}!` }]]
        }),
      )
      for (const [one, expected] of said) assert.deepEqual(one, expected)
      await Promise.all(clients.map(async (client) => client.close()))
    })

    test('what is forbidden and what does not exist are the same answer', async () => {
      const tls = await tlsOf('demo')
      const port = Number(new URL(url).port)
      const [forbidden, unknown] = await Promise.all(
        ['rename', 'remane'].map(async (name) =>
          ask({ port, ...tls, ...modern('tools/call', { name, arguments: { page: 'a' } }) }),
        ),
      )
      assert.equal(forbidden?.status, unknown?.status)
      assert.equal(forbidden?.body.replaceAll('rename', 'NAME'), unknown?.body.replaceAll('remane', 'NAME'))
      assert.match(forbidden?.body ?? '', /"code":-32602/)
    })

    for (const mode of ['legacy', 'auto'] as const)
      test(`progress comes, and the user is asked: ${mode}`, async () => {
        const dispatcher = new Agent({ connect: { ...(await tlsOf('admin-cli')), servername: 'localhost' } })
        const client = new Client(
          { name: 'test', version: '1' },
          { capabilities: { elicitation: {} }, versionNegotiation: { mode } },
        )
        const asked: string[] = []
        client.setRequestHandler('elicitation/create', async ({ params }) => {
          asked.push(params.message)
          return { action: 'accept', content: { name: 'Home' } }
        })
        const fetch = async (to: string | URL, init: RequestInit = {}) =>
          undiciFetch(to, { ...(init as object), dispatcher })
        await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }))
        const seen: number[] = []
        await client.callTool(
          { name: 'index', arguments: { pages: 3 } },
          { onprogress: ({ progress }) => void seen.push(progress) },
        )
        assert.deepEqual(seen.slice(0, 2), [1, 2])
        const { content } = await client.callTool({ name: 'rename', arguments: { page: 'Main' } })
        assert.deepEqual(content, [{ type: 'text', text: 'Main is Home now' }])
        assert.deepEqual(asked, ['[wiki asks] Which name?'])
        await client.close()
        await dispatcher.destroy()
      })

    test('it is a few lines, and ends when it is told to', async () => {
      const text = await readFile(join(import.meta.dirname, example), 'utf8')
      assert.equal(text.match(/^.*(protect\(|door\.|\/protect\.ts).*$/gm)?.length, 3)
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      assert.deepEqual(await exited, [0, null])
    })
  })
