import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { loadConfig, type Config } from '../../src/config/config.ts'
import { isSallyportError } from '../../src/errors.ts'

async function folder(t: TestContext, yaml: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-upstreams-'))
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))
  await writeFile(join(directory, 'sallyport.yaml'), yaml)
  return directory
}

async function configOf(t: TestContext, yaml: string, environment = {}): Promise<Config> {
  return loadConfig(environment, await folder(t, yaml))
}

test('entries of mcpServers are taken as they are', async (t) => {
  const config = await configOf(
    t,
    `upstreams:
  github: { type: stdio, command: npx, args: [ "-y", "a-server" ], env: { TOKEN: "\${GITHUB_TOKEN}" } }
  wiki: { type: streamable-http, url: "https://wiki.internal/mcp", headers: { Authorization: "Bearer \${user:wiki-token}" } }
  off: { command: x, disabled: true }`,
    { GITHUB_TOKEN: 'a-secret' },
  )
  const [github, wiki, none] = config.upstreams()
  assert.equal(none, undefined)
  assert.deepEqual(github?.texts().env, { TOKEN: ['a-secret'] })
  assert.deepEqual(github?.texts().args, ['-y', 'a-server'])
  assert.deepEqual(wiki?.texts().headers, { Authorization: ['Bearer ', { user: 'wiki-token' }] })
  assert.equal(wiki?.texts().url, 'https://wiki.internal/mcp')
  assert.equal(github?.settings().memory, 512 * 1024 ** 2)
  assert.equal(github?.settings().results.bytes, 16 * 1024 ** 2)
})

test('no secret of an upstream can be printed from the configuration', async (t) => {
  const config = await configOf(
    t,
    `upstreams: { a: { command: x, env: { A: "literal-hunter2", B: "\${B}" } }, b: { url: "https://x/?k=url-hunter2", headers: { A: header-hunter2 } } }`,
    { B: 'variable-hunter2' },
  )
  for (const upstream of config.upstreams()) upstream.texts()
  for (const printed of [inspect(config, { depth: 20 }), JSON.stringify(config), inspect(config.upstreams())])
    assert.doesNotMatch(printed, /-hunter2/)
})

test('paths start from the folder of the file', async (t) => {
  const directory = await folder(
    t,
    `pins: { file: pins/lock.yaml }
upstreams:
  a: { command: x, cwd: work, sandbox: { read: [ share ], write: [ /srv/out ] }, env: { KEY: "<\${file:secrets/key}>" } }
  b: { url: "https://x/", tls: { ca: ca.pem, cert: c.pem, key: /k.pem } }`,
  )
  const config = loadConfig({}, directory)
  const [a, b] = config.upstreams()
  assert.equal(config.pins.file, join(directory, 'pins/lock.yaml'))
  assert.deepEqual(a?.settings().sandbox, {
    read: [join(directory, 'share')],
    write: ['/srv/out'],
    network: false,
  })
  assert.deepEqual(b?.settings().tls, {
    ca: join(directory, 'ca.pem'),
    cert: join(directory, 'c.pem'),
    key: '/k.pem',
    pins: [],
  })
  assert.throws(() => a?.texts(), /upstreams\.a\.env\.KEY: .*secrets\/key cannot be read \(ENOENT\)/)
})

test('a file fills a gap without its last line break', async (t) => {
  const directory = await folder(t, 'upstreams: { a: { command: x, env: { KEY: "<${file:key}>$${X}" } } }')
  await writeFile(join(directory, 'key'), 'a\nb\r\n')
  const [a] = loadConfig({}, directory).upstreams()
  assert.deepEqual(a?.texts().env, { KEY: ['<', 'a\nb', '>', '${', 'X}'] })
})

test('a variable that is not set is named when it is needed, and keeps no other command from running', async (t) => {
  const config = await configOf(
    t,
    'upstreams: { a: { command: x, args: [ "${NOT_SET}" ], env: { B: "${EMPTY}" } } }',
    {
      EMPTY: '',
    },
  )
  const [a] = config.upstreams()
  assert.throws(
    () => a?.texts(),
    (error) =>
      isSallyportError(error, 'CONFIGURATION_INVALID') &&
      /upstreams\.a\.args\[0\]: the variable NOT_SET is not set/.test(error.message) &&
      /upstreams\.a\.env\.B: the variable EMPTY is not set/.test(error.message),
  )
})

test('what a variable brings into a URL or a header is looked at as well, and not told', async (t) => {
  const config = await configOf(
    t,
    'upstreams: { a: { url: "${URL}" }, b: { url: "https://x/", headers: { A: "${H}" } } }',
    { URL: 'http://hidden.example/', H: 'hidden\r\nX: y' },
  )
  const [a, b] = config.upstreams()
  const isHidden = (sentence: RegExp) => (error: unknown) =>
    isSallyportError(error, 'CONFIGURATION_INVALID') &&
    sentence.test(error.message) &&
    !/hidden/.test(error.message)
  assert.throws(() => a?.texts(), isHidden(/upstreams\.a\.url: is plain http to another machine/))
  assert.throws(() => b?.texts(), isHidden(/upstreams\.b\.headers\.A: has line breaks/))
})

const FAULTS: readonly (readonly [upstreams: string, fault: RegExp])[] = [
  ['{ a: {} }', /:1:\d+: upstreams\.a: must have one of command and url/],
  ['{ a: { command: x, url: "https://x/" } }', /upstreams\.a: must have only one of command and url/],
  ['{ a: { command: x, type: http } }', /upstreams\.a\.type: is "http", which does not go with command/],
  ['{ a: { url: "https://x/", type: stdio } }', /upstreams\.a\.type: is "stdio", which does not go with url/],
  ['{ a: { url: "https://x/", args: [ y ] } }', /upstreams\.a\.args: does not go with url/],
  ['{ a: { command: x, headers: { A: b } } }', /upstreams\.a\.headers: does not go with command/],
  [
    '{ a: { command: x, user: mcp }, b: { command: y, user: mcp } }',
    /upstreams\.b\.user: is the user of "a" already, whose secrets and files it could read/,
  ],
  ['{ a: { command: x, trusted: true, user: mcp } }', /upstreams\.a\.user: does not go with trusted/],
  ['{ a: { command: x, trusted: false } }', /upstreams\.a\.trusted: must be true, or left out/],
  ['{ a: { url: "http://wiki.internal/" } }', /upstreams\.a\.url: is plain http to another machine/],
  ['{ a: { url: "ftp://x/" } }', /upstreams\.a\.url: must be an https URL/],
  ['{ a: { url: "https://me:hunter2@x/" } }', /upstreams\.a\.url: must have neither user nor fragment/],
  ['{ a: { url: "https://x/", tls: { cert: c.pem } } }', /upstreams\.a\.tls: must have both cert and key/],
  ['{ a: { url: "https://x/", tls: { pins: [ "sha256/x" ] } } }', /tls\.pins\[0\]: must be "sha256\/"/],
  ['{ a_b: { command: x } }', /the name of an upstream is a lower-case letter/],
  [
    '{ a: { command: x, prefix: false }, b: { command: x, prefix: false } }',
    /upstreams\.b\.prefix: is false of "a"/,
  ],
  [
    '{ a: { command: x, env: { A: "${user:NO}" } } }',
    /upstreams\.a\.env\.A: has "\$\{user:NO\}", which is no gap/,
  ],
  ['{ a: { command: x, env: { A: "${open" } } }', /upstreams\.a\.env\.A: has "\$\{open", which is no gap/],
  [
    '{ a: { command: x, args: [ "${user:key}" ] } }',
    /upstreams\.a\.args\[0\]: has a gap "\$\{user:…\}", which only env/,
  ],
  [
    '{ a: { url: "https://x/", connection: shared, headers: { A: "${user:key}" } } }',
    /upstreams\.a\.connection: is "shared" beside a secret of each user/,
  ],
  ['{ a: { command: x, permission: "wiki" } }', /upstreams\.a\.permission: must be a permission such as/],
  ['{ a: { command: x, memory: 1TB } }', /upstreams\.a\.memory: must be a size/],
  ['{ a: { command: x, era: 2024-11-05 } }', /upstreams\.a\.era: must be auto/],
  ['{ a: { command: x, commands: y } }', /upstreams\.a\.commands: unknown key: did you mean "command"/],
  [
    '{ a: { type: sse, url: "https://x/sse" } }',
    /upstreams\.a\.type: sse is not supported: .*Streamable HTTP/,
  ],
  [
    '{ a: { command: x, timeout: 60 } }',
    /upstreams\.a\.timeout: must be a duration with its unit, as in "60s"/,
  ],
  [
    '{ a: { command: x, autoApprove: [ read ], disabledTools: [ write ], comands: y } }',
    /a\.autoApprove: [^\n]*access\.yaml[^\n]*\n[^\n]*a\.disabledTools: [^\n]*"deny"[^\n]*\n[^\n]*a\.comands: unknown key: did you mean "command"/,
  ],
  ['{ a: { command: x, alwaysAllow: [ read ] } }', /upstreams\.a\.alwaysAllow: [^\n]*access\.yaml/],
  ['{ a: { serverUrl: "https://x/" } }', /upstreams\.a\.serverUrl: unknown key: write "url"/],
]

test('the section that other clients have is told as ours', async (t) => {
  const directory = await folder(t, 'mcpServers: { a: { command: x } }')
  assert.throws(() => loadConfig({}, directory), /mcpServers: unknown key: did you mean "upstreams"\?/)
})

for (const [upstreams, fault] of FAULTS)
  test(`upstreams: ${upstreams} is refused`, async (t) => {
    const directory = await folder(t, `upstreams: ${upstreams}`)
    assert.throws(
      () => loadConfig({}, directory),
      (error) =>
        isSallyportError(error, 'CONFIGURATION_INVALID') &&
        fault.test(error.message) &&
        !/hunter2/.test(error.message),
      undefined,
    )
  })

test('plain http is for this machine, unless the operator says otherwise', async (t) => {
  for (const entry of [
    '{ url: "http://127.0.0.1:1/mcp" }',
    '{ url: "http://[::1]:1/mcp" }',
    '{ url: "http://localhost/mcp" }',
    '{ url: "http://wiki.internal/mcp", unsafePlainHttp: true }',
  ])
    assert.equal((await configOf(t, `upstreams: { a: ${entry} }`)).upstreams().length, 1)
})
