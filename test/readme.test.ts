import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { ask } from './support/clients.ts'
import { ANY_PORTS, sallyport, serving } from './support/command.ts'

const repository = resolve(import.meta.dirname, '..')
const readme = readFileSync(join(repository, 'README.md'), 'utf8')
const library = pathToFileURL(join(repository, 'src/index.ts')).href
const zod = pathToFileURL(join(repository, 'node_modules/zod/index.js')).href

/** The TypeScript examples, in order. */
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code)

let cwd: string
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-readme-'))
  const made = await sallyport(['init'], { cwd, env: ANY_PORTS })
  assert.equal(made.code, 0, made.stderr)
})
after(async () => rm(cwd, { recursive: true, force: true, maxRetries: 10 }))

test('the example tool is served to who may use it', async () => {
  const [tool = ''] = examples
  await mkdir(join(cwd, 'tools'))
  const code = tool.replace(`'../src/index.ts'`, `'${library}'`).replace(`'zod'`, `'${zod}'`)
  await writeFile(join(cwd, 'tools/greet.ts'), code)
  await appendFile(join(cwd, 'sallyport.yaml'), '\ntools: [ tools/greet.ts ]\n')
  const served = await serving('serve', { cwd })
  const env = { SALLYPORT_PORT: String(served.ports.certificates) }
  const called = await sallyport(['call', 'greet', '{"name":"you"}', '--as', 'admin-cli'], { cwd, env })
  assert.equal(called.stdout, 'service:admin-cli greets you.\n', called.stderr)
  const refused = await sallyport(['call', 'greet', '{"name":"you"}', '--as', 'demo'], { cwd, env })
  assert.match(refused.stderr, /Unknown tool: greet/)
  assert.equal(await served.stop(), 0)
})

test('the example server lets in who may, and has it on record', async () => {
  const code = (examples[1] ?? '')
    .replace(`'sallyport'`, `'${library}'`)
    .replace(
      `server.listen(9443, () => console.log('listening'))`,
      `server.listen(0, () => console.log(server.address().port))`,
    )
  await writeFile(join(cwd, 'own-server.ts'), code)
  const child = spawn(process.execPath, ['own-server.ts'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const as = (name: string) => ({
      port: Number(line.toString()),
      path: '/report',
      method: 'GET',
      ca: readFileSync(join(cwd, 'certs/ca/root.pem')),
      cert: readFileSync(join(cwd, `certs/clients/${name}/client.pem`)),
      key: readFileSync(join(cwd, `certs/clients/${name}/client.key.pem`)),
    })
    const answer = await ask(as('demo'))
    assert.equal(answer.body, 'a report for service:demo\n')
    const access = await readFile(join(cwd, 'access.yaml'), 'utf8')
    assert.match(access, /demo/)
  } finally {
    child.kill()
    await once(child, 'exit')
  }
})

test('every npm script and file that the README names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const [, name = ''] of readme.matchAll(/npm run ([a-z-]+)/g)) assert.ok(name in scripts, name)
  for (const [, path = ''] of readme.matchAll(/\]\(([A-Z]+\.md)\)/g))
    assert.ok(readFileSync(join(repository, path), 'utf8').length > 0)
})
