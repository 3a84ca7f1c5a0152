import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { testAuthority } from '../support/certificates.ts'
import { LAUNCHER, sallyport, serving, type Finished } from '../support/command.ts'
import { writeIdentity } from '../support/identity.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const URL_OF = 'https://door.example:8443/mcp'

/** A user with an identity, and a home in which clients may be. */
async function user(t: TestContext): Promise<{
  readonly home: string
  readonly dir: string
  file(name: string, content?: string): Promise<string>
  setup(...args: string[]): Promise<Finished>
  /** The same in a process of its own. */
  setupProcess(...args: string[]): Promise<Finished>
}> {
  const home = await realpath(await temporaryDirectory(t))
  const dir = await writeIdentity(await testAuthority(home), 'demo')
  const env = { HOME: home, XDG_CONFIG_HOME: '', CLAUDE_CONFIG_DIR: join(home, 'claude') }
  return {
    home,
    dir,
    async file(name, content) {
      const path = join(home, name)
      await mkdir(dirname(path), { recursive: true })
      if (content !== undefined) await writeFile(path, content)
      return path
    },
    setup: async (...args) => inProcess(['client', 'setup', ...args], { cwd: home, env }),
    setupProcess: async (...args) => sallyport(['client', 'setup', ...args], { cwd: home, env }),
  }
}

function entry(dir: string, more: object = {}): object {
  return { ...more, command: process.execPath, args: [LAUNCHER, 'connect', URL_OF, '--dir', dir] }
}

test('sets up the clients that are found, once, and takes exactly that back', async (t) => {
  const { dir, file, setup, setupProcess } = await user(t)
  const desktop = await file('.config/Claude/claude_desktop_config.json', '{\n    "theme": "dark"\n}')
  const cursor = await file('.cursor/mcp.json')
  const vscode = await file('.config/Code/User/mcp.json', '{\n  // mine\n  "servers": {},\n}\n')
  const given = ['--dir', dir, '--url', URL_OF, '--yes']
  const first = await setupProcess(...given)
  assert.equal(first.code, 0, first.stderr)
  assert.match(first.stdout, /\+ {4}"mcpServers"|\+ {5}"mcpServers"/)
  assert.match(first.stdout, /Claude Desktop is set up\nVS Code is set up\nCursor is set up\n$/)
  assert.deepEqual(JSON.parse(await readFile(desktop, 'utf8')), {
    theme: 'dark',
    mcpServers: { sallyport: entry(dir) },
  })
  assert.deepEqual(JSON.parse(await readFile(cursor, 'utf8')), {
    mcpServers: { sallyport: entry(dir, { type: 'stdio' }) },
  })
  assert.match(
    await readFile(vscode, 'utf8'),
    /^\{\n {2}\/\/ mine\n {2}"servers": \{\n {4}"sallyport": \{\n {6}"type": "stdio",/,
  )
  assert.equal(await readFile(`${desktop}.sallyport-backup`, 'utf8'), '{\n    "theme": "dark"\n}')

  const again = await setup(...given, '--json')
  assert.deepEqual(
    (JSON.parse(again.stdout) as { change: string; written: boolean }[]).map(({ change, written }) => [
      change,
      written,
    ]),
    [
      ['none', false],
      ['none', false],
      ['none', false],
    ],
  )

  const undone = await setup('--undo', '--yes')
  assert.equal(undone.code, 0, undone.stderr)
  assert.equal(await readFile(desktop, 'utf8'), '{\n    "theme": "dark"\n}')
  assert.equal(await readFile(vscode, 'utf8'), '{\n  // mine\n  "servers": {},\n}\n')
  assert.equal(existsSync(cursor), false)
  assert.equal(existsSync(`${desktop}.sallyport-backup`), false)
  assert.equal((await setup('--undo', '--yes')).code, 0)
})

test('takes its entry out of a file that was changed since, and leaves the change', async (t) => {
  const { dir, file, setup } = await user(t)
  const path = await file('.cursor/mcp.json', '{ "mcpServers": { "a": { "command": "a" } } }\n')
  await setup('--client', 'cursor', '--dir', dir, '--url', URL_OF, '--yes')
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace('"command": "a"', '"command": "b"'))
  assert.equal((await setup('--client', 'cursor', '--undo', '--yes')).code, 0)
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), { mcpServers: { a: { command: 'b' } } })
})

test('another URL or identity replaces the entry; the rights of the file, and a link to it, stay', async (t) => {
  const { dir, home, file, setup } = await user(t)
  const real = await file('dotfiles/cursor.json', '{}')
  await chmod(real, 0o600)
  const path = await file('.cursor/mcp.json')
  await symlink(real, path)
  await setup('--client', 'cursor', '--dir', dir, '--url', URL_OF, '--yes')
  const other = await setup('--client', 'cursor', '--dir', dir, '--url', 'https://other.example', '--yes')
  assert.match(other.stdout, /- .*door\.example:8443[^]*\+ .*other\.example\/mcp/)
  assert.match(await readFile(real, 'utf8'), /other\.example\/mcp/)
  assert.equal(await realpath(path), join(home, 'dotfiles/cursor.json'))
  assert.equal((await stat(real)).mode & 0o777, 0o600)
})

test('changes nothing that nobody agreed to, with --dry-run, or that it cannot read', async (t) => {
  const { dir, file, setup } = await user(t)
  const path = await file('.cursor/mcp.json', '{}')
  const given = ['--client', 'cursor', '--dir', dir, '--url', URL_OF]
  const asked = await setup(...given)
  assert.equal(asked.code, 1)
  assert.match(asked.stderr, /nothing was changed: say --yes/)
  const dry = await setup(...given, '--dry-run')
  assert.equal(dry.code, 0)
  assert.match(dry.stdout, /\+ .*"sallyport"/)
  assert.equal(await readFile(path, 'utf8'), '{}')
  await writeFile(path, '{ "mcpServers": { oops } }')
  const broken = await setup(...given, '--yes')
  assert.equal(broken.code, 1)
  assert.match(
    broken.stderr,
    /mcp\.json cannot be read as JSON \(line 1, column 19: expected a name in quotes\)/,
  )
  const foreign = '{ "mcpServers": { "sallyport": { "command": "mine" } } }'
  await writeFile(path, foreign)
  for (const way of [given, ['--client', 'cursor', '--undo']]) {
    const refused = await setup(...way, '--yes')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /has an entry "sallyport" under "mcpServers" that is not ours/)
  }
  assert.equal(await readFile(path, 'utf8'), foreign)
})

test('says so when no client, no identity or no URL is there; an unknown client is wrong usage', async (t) => {
  const { dir, setup } = await user(t)
  assert.match(
    (await setup('--dir', dir, '--url', URL_OF)).stderr,
    /no client was found here: name one with --client/,
  )
  assert.match(
    (await setup('--client', 'cursor', '--as', 'nobody', '--url', URL_OF)).stderr,
    /no client certificate/,
  )
  assert.match((await setup('--client', 'cursor', '--dir', dir)).stderr, /no sallyport\.yaml here/)
  assert.equal((await setup('--client', 'emacs')).code, 2)
})

test('what it writes for an installation works from any folder, without a PATH', async (t) => {
  const { home, file, setup } = await user(t)
  const server = await serving('start', { cwd: home })
  try {
    const url = `https://localhost:${server.ports.certificates}/mcp`
    const path = await file('.cursor/mcp.json')
    const done = await setup('--client', 'cursor', '--url', url, '--yes')
    assert.equal(done.code, 0, done.stderr)
    const { mcpServers } = JSON.parse(await readFile(path, 'utf8')) as {
      mcpServers: { sallyport: { command: string; args: string[]; env: Record<string, string> } }
    }
    const { command, args, env } = mcpServers.sallyport
    const client = new Client({ name: 'desktop', version: '1' })
    t.after(async () => client.close())
    await client.connect(
      new StdioClientTransport({ command, args, env: { ...env, PATH: '' }, cwd: '/', stderr: 'pipe' }),
    )
    const { tools } = await client.listTools()
    assert.ok(tools.some(({ name }) => name === 'whoami'))
    await client.close()
  } finally {
    // Before the folder goes.
    await server.stop()
  }
})
