import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { loadConfig } from '../../src/config/config.ts'
import { defaultConfig } from '../../src/config/default-config.ts'
import type { Environment } from '../../src/config/environment.ts'
import { settingsSchema } from '../../src/config/settings.ts'
import { isSallyportError } from '../../src/errors.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const SECRET = 'a-secret-of-more-than-thirty-two-characters'
const OLDER = 'an-older-secret-of-more-than-thirty-two-characters'

/** The working directory of a test, with a `sallyport.yaml` if a text is given. */
async function folder(t: TestContext, text?: string): Promise<string> {
  const directory = await temporaryDirectory(t)
  if (text !== undefined) await writeFile(join(directory, 'sallyport.yaml'), text)
  return directory
}

/** The keys of a tree, at all depths. */
function keysOf(tree: object): string[] {
  if (Array.isArray(tree)) return []
  const inner = Object.values(tree).flatMap((value) => (typeof value === 'object' ? keysOf(value) : []))
  return Object.keys(tree).concat(inner)
}

function faultsOf(environment: Environment, directory: string): string[] {
  try {
    loadConfig(environment, directory)
  } catch (error) {
    assert.ok(isSallyportError(error, 'CONFIGURATION_INVALID'), String(error))
    return error.message.split('\n')
  }
  assert.fail('not refused')
}

test('without a file every default applies, with paths from the working directory', async (t) => {
  const directory = await folder(t)
  const { sessionSecrets, factorKeys, auditKeys, identityKeys, upstreams, ...config } = loadConfig(
    { PATH: '/bin' },
    directory,
  )
  assert.deepEqual(upstreams(), [])
  for (const secrets of [sessionSecrets, factorKeys, auditKeys, identityKeys])
    assert.equal(typeof secrets, 'function')
  assert.deepEqual(config, {
    file: null,
    directory,
    trustDomain: 'sallyport.internal',
    listeners: {
      certificates: { host: '127.0.0.1', port: 8443, clientCertificate: 'required' },
      people: { host: '127.0.0.1', port: 8444 },
      proxied: false,
      operations: { host: '127.0.0.1', port: 9464 },
    },
    hosts: [],
    origins: [],
    publicUrl: false,
    tls: {
      certificate: join(directory, 'certs/server/server.pem'),
      key: join(directory, 'certs/server/server.key.pem'),
      minVersion: 'TLSv1.3',
      unsafeSessionTickets: false,
    },
    trust: {
      roots: join(directory, 'certs/ca/root.pem'),
      issuers: join(directory, 'certs/ca/issuing.pem'),
      revocationLists: join(directory, 'certs/ca/crl.pem'),
      own: true,
      bundles: [],
    },
    certificates: join(directory, 'certs'),
    authority: { revocationListUrl: false, publish: false },
    issuer: { socket: join(directory, 'data/issuer.sock') },
    access: join(directory, 'access.yaml'),
    audit: join(directory, 'data/audit'),
    auditTrail: {
      directory: join(directory, 'data/audit'),
      largestFile: 67_108_864,
      keyFile: join(directory, 'data/audit-key'),
      signingKeyFile: join(directory, 'data/audit-signing-key.pem'),
      checkpoints: { lines: 1000, every: 10_000 },
      arguments: [],
      anchors: [],
      sinks: [],
    },
    tools: [],
    pins: { file: join(directory, 'sallyport.lock.yaml'), firstUse: 'refuse' },
    store: { kind: 'sqlite', path: join(directory, 'data/sallyport.db') },
    redis: { prefix: 'sallyport:', tls: {}, sentinel: {} },
    sessions: {
      secretFile: join(directory, 'data/session-secret'),
      factorKeyFile: join(directory, 'data/factor-key'),
      idleTimeout: 1_800_000,
      absoluteTimeout: 43_200_000,
      most: 20,
      binding: 'none',
      deviceLogin: true,
    },
    passwords: { memory: 19_456, passes: 2, parallelism: 1 },
    throttle: { perAddress: 100, perMinute: 300 },
    identity: { keyFile: join(directory, 'data/identity-key'), tokenLife: 60_000 },
    limits: { bodyBytes: 4_194_304, requestsInFlight: 64, legacySessions: 32, requestsPerMinute: 6000 },
    telemetry: {
      serviceName: 'sallyport',
      traces: { endpoint: false, sampleRatio: 1, principal: false },
    },
  })
})

test('the file that init writes says nothing but the defaults, as it stands and with every line taken in', async (t) => {
  const directory = await folder(t, defaultConfig())
  const { sessionSecrets: _none, file: _file, ...defaults } = loadConfig({}, await folder(t))
  const withoutFolder = (value: unknown, from: string): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll(from, '.'))
  const asWritten = loadConfig({}, directory)
  const setting = /^# (?=\s*[a-zA-Z]+:(?: |$))/gm
  await writeFile(join(directory, 'sallyport.yaml'), defaultConfig().replace(setting, ''))
  const { file, ...taken } = loadConfig({}, directory)
  assert.equal(file, join(directory, 'sallyport.yaml'))
  assert.deepEqual(withoutFolder({ ...taken, file }, directory), withoutFolder(asWritten, directory))
  assert.deepEqual(withoutFolder(taken, directory), withoutFolder(defaults, defaults.directory))
  const written = defaultConfig()
    .split('\n')
    .flatMap((line) => /^#\s+([a-zA-Z]+):(?: |$)/.exec(line)?.[1] ?? [])
  assert.deepEqual(written.toSorted(), keysOf(settingsSchema.parse({})).toSorted(), 'every setting is there')
})

test('an empty file is the defaults', async (t) => {
  assert.equal(loadConfig({}, await folder(t, '')).listeners.certificates.port, 8443)
})

test('paths in the file start from its folder, those in variables from the working directory', async (t) => {
  const directory = await folder(t)
  await mkdir(join(directory, 'etc'))
  await writeFile(
    join(directory, 'etc/s.yaml'),
    'access: policy.yaml\naudit: /var/audit\nstore: sqlite:s.db\n',
  )
  const config = loadConfig({ SALLYPORT_CONFIG: 'etc/s.yaml' }, directory)
  assert.equal(config.access, join(directory, 'etc/policy.yaml'))
  assert.equal(config.audit, '/var/audit')
  assert.deepEqual(config.store, { kind: 'sqlite', path: join(directory, 'etc/s.db') })
  const moved = loadConfig({ SALLYPORT_CONFIG: 'etc/s.yaml', SALLYPORT_STORE: 'sqlite:here.db' }, directory)
  assert.deepEqual(moved.store, { kind: 'sqlite', path: join(directory, 'here.db') })
})

test('the environment wins over the file, and an empty variable counts as unset', async (t) => {
  const text =
    'trustDomain: file.example\nlisteners: { certificates: { port: 1, clientCertificate: optional } }\n'
  const config = loadConfig(
    {
      SALLYPORT_TRUST_DOMAIN: 'environment.example',
      SALLYPORT_PORT: '0',
      SALLYPORT_LOGIN_PORT: '2',
      SALLYPORT_OPERATIONS_PORT: '3',
      SALLYPORT_HOST: '0.0.0.0',
      SALLYPORT_STORE: '',
      SALLYPORT_CONFIG: '',
    },
    await folder(t, text),
  )
  assert.equal(config.trustDomain, 'environment.example')
  assert.deepEqual(config.listeners, {
    certificates: { host: '0.0.0.0', port: 0, clientCertificate: 'optional' },
    people: { host: '0.0.0.0', port: 2 },
    proxied: false,
    operations: { host: '127.0.0.1', port: 3 },
  })
  assert.equal(config.store.kind, 'sqlite')
})

test('every fault is told at once, with its place or its variable, and what to do', async (t) => {
  const text = `trustdomain: x
listeners:
  certificates: { prt: 3 }
  operations: 3
tls: { minVersion: TLSv1.1 }
sessions: { idleTimeout: .nan, absoluteTimeout: 1y }
limits: { bodyBytes: .inf, requestsInFlight: -1, legacySessions: 1.5, requestsPerMinute: 1e12 }
hosts: [ "Example.com", "a:1" ]
origins: [ "https://x/", "*", "null" ]
`
  const directory = await folder(t, text)
  const file = join(directory, 'sallyport.yaml')
  assert.deepEqual(
    faultsOf({ SALLYPORT_PORT: '84x3', SALLYPORT_HOSTS: 'x', SALLYPORT_SESSION_SECRET: 'short' }, directory)
      .map((fault) => fault.replace(file, ''))
      .toSorted(),
    [
      'SALLYPORT_HOSTS: there is no such variable: did you mean SALLYPORT_HOST?',
      'SALLYPORT_PORT: must be a whole number from 0 to 65535',
      'SALLYPORT_SESSION_SECRET: a session secret is shorter than 32 characters: make one as in export SALLYPORT_SESSION_SECRET="$(openssl rand -base64 48)"',
      ':1:1: trustdomain: unknown key: did you mean "trustDomain"?',
      ':3:19: listeners.certificates.prt: unknown key: did you mean "port"?',
      ':4:3: listeners.operations: must be a map of host and port, or false',
      ':5:8: tls.minVersion: must be TLSv1.3 or TLSv1.2',
      ':6:13: sessions.idleTimeout: must be a duration such as 90s, 30m, 12h or 7d',
      ':6:32: sessions.absoluteTimeout: must be a duration such as 90s, 30m, 12h or 7d',
      ':7:11: limits.bodyBytes: must be a whole number from 1024 to 67108864',
      ':7:28: limits.requestsInFlight: must be a whole number from 1 to 10000',
      ':7:50: limits.legacySessions: must be a whole number from 1 to 10000',
      ':7:71: limits.requestsPerMinute: must be a whole number from 1 to 1000000',
      ':8:10: hosts[0]: must be a host name in lower case, or an IP address, without port',
      ':8:25: hosts[1]: must be a host name in lower case, or an IP address, without port',
      ...[12, 26, 31].map(
        (column, index) =>
          `:9:${column}: origins[${index}]: must be an origin such as "https://console.example", without path and trailing slash`,
      ),
    ].toSorted(),
  )
})

test('settings that contradict each other are told', async (t) => {
  const text = `listeners:
  certificates: { port: 9464 }
  people: false
sessions: { idleTimeout: 13h }
`
  const faults = faultsOf({}, await folder(t, text)).join('\n')
  assert.match(faults, /:3:3: listeners\.people: is false while .* set .*clientCertificate to "optional"/)
  assert.match(faults, /listeners\.operations\.port: must not be the port of listeners\.certificates/)
  assert.match(faults, /:4:13: sessions\.idleTimeout: must not be longer than sessions\.absoluteTimeout/)
})

test('sessions are bound to certificates only where somebody could log in with one', async (t) => {
  const bound = 'sessions: { binding: certificate }\n'
  assert.match(
    faultsOf({}, await folder(t, bound)).join('\n'),
    /:1:13: sessions\.binding: is "certificate" while .* set .*clientCertificate to "optional"/,
  )
  const optional = `listeners: { certificates: { clientCertificate: optional } }\n${bound}`
  assert.equal(loadConfig({}, await folder(t, optional)).sessions.binding, 'certificate')
})

test('one port for everybody is taken where certificates are optional', async (t) => {
  const text =
    'listeners: { certificates: { clientCertificate: optional }, people: false, operations: false }\n'
  const { listeners } = loadConfig({ SALLYPORT_HOST: '::1' }, await folder(t, text))
  assert.deepEqual(listeners, {
    certificates: { host: '::1', port: 8443, clientCertificate: 'optional' },
    people: false,
    proxied: false,
    operations: false,
  })
})

test('a door behind proxies says which header it believes, and of whom', async (t) => {
  const text = 'listeners: { proxied: { header: client-cert, proxies: [ "service:edge" ] } }\n'
  const { listeners } = loadConfig({ SALLYPORT_HOST: '0.0.0.0' }, await folder(t, text))
  assert.deepEqual(listeners.proxied, {
    host: '127.0.0.1',
    port: 8445,
    header: 'client-cert',
    proxies: ['service:edge'],
  })
  const faulty: [string, RegExp][] = [
    ['{}', /proxied\.header: must be client-cert or x-forwarded-client-cert/],
    ['{ header: x-client-cert, proxies: [ "service:edge" ] }', /proxied\.header: must be client-cert or/],
    ['{ header: client-cert }', /proxied\.proxies: must be a list of principals/],
    ['{ header: client-cert, proxies: [] }', /proxied\.proxies: must name at least one principal/],
    ['{ header: client-cert, proxies: [ "edge" ] }', /proxied\.proxies\[0\]: must be a principal such as/],
    ['{ header: client-cert, proxies: [ "*" ] }', /proxied\.proxies\[0\]: must be a principal such as/],
    ['{ header: client-cert, proxys: [ "service:edge" ] }', /proxys: unknown key: did you mean "proxies"/],
    [
      '{ port: 8443, header: client-cert, proxies: [ "service:edge" ] }',
      /must not be the port of listeners\.cert/,
    ],
    ['true', /proxied: must be a map of host, port, header and proxies, or false/],
  ]
  for (const [proxied, fault] of faulty)
    assert.match(faultsOf({}, await folder(t, `listeners: { proxied: ${proxied} }\n`)).join('\n'), fault)
})

test('a variable for a door that the file turns off is a fault', async (t) => {
  const text =
    'listeners: { certificates: { clientCertificate: optional }, people: false, operations: false }\n'
  const faults = faultsOf(
    { SALLYPORT_LOGIN_PORT: '1', SALLYPORT_OPERATIONS_PORT: '2' },
    await folder(t, text),
  )
  assert.equal(faults.length, 2)
  assert.match(faults[0] ?? '', /^SALLYPORT_LOGIN_PORT: listeners\.people is not a map/)
})

test('several ports 0 do not collide', async (t) => {
  const free = { SALLYPORT_PORT: '0', SALLYPORT_LOGIN_PORT: '0', SALLYPORT_OPERATIONS_PORT: '0' }
  assert.equal(loadConfig(free, await folder(t)).listeners.certificates.port, 0)
})

test('a file that is named and missing, or no YAML, or a folder, is a fault', async (t) => {
  const directory = await folder(t, 'a: b: c\n')
  assert.match(faultsOf({}, directory)[0] ?? '', /sallyport\.yaml:1:\d+: this is not the YAML/)
  assert.match(
    faultsOf({ SALLYPORT_CONFIG: 'no.yaml' }, directory)[0] ?? '',
    /no\.yaml cannot be read \(ENOENT\)/,
  )
  assert.match(faultsOf({ SALLYPORT_CONFIG: '.' }, directory)[0] ?? '', /cannot be read \(EISDIR\)/)
})

test('session secrets come from the variable first, newest first', async (t) => {
  const config = loadConfig(
    { SALLYPORT_SESSION_SECRET: `${SECRET}, ${OLDER},`, SALLYPORT_SESSION_SECRET_FILE: 'ignored' },
    await folder(t),
  )
  assert.deepEqual(config.sessionSecrets(), [SECRET, OLDER])
  assert.equal(config.sessions.secretFile, null, 'init makes no file then')
})

test('then from the file that is named, which must be there', async (t) => {
  const directory = await folder(t)
  await writeFile(join(directory, 'secret'), `${SECRET}\n${OLDER}\n`)
  const config = loadConfig({ SALLYPORT_SESSION_SECRET_FILE: 'secret' }, directory)
  assert.deepEqual(config.sessionSecrets(), [SECRET, OLDER])
  assert.match(
    faultsOf({ SALLYPORT_SESSION_SECRET_FILE: 'none' }, directory)[0] ?? '',
    /^SALLYPORT_SESSION_SECRET_FILE: .*none cannot be read \(ENOENT\)/,
  )
})

test('then, with the embedded store, from the file that init makes, once it is there', async (t) => {
  const directory = await folder(t)
  const config = loadConfig({}, directory)
  assert.throws(() => config.sessionSecrets(), { code: 'CONFIGURATION_INVALID', message: /sallyport init/ })
  await mkdir(join(directory, 'data'))
  await writeFile(join(directory, 'data/session-secret'), 'short\n')
  assert.throws(() => config.sessionSecrets(), { code: 'CONFIGURATION_INVALID', message: /shorter than 32/ })
  await writeFile(join(directory, 'data/session-secret'), `${SECRET}\n`)
  assert.deepEqual(config.sessionSecrets(), [SECRET])
})

test('factor keys come from their variable, the file that is named, or the file that init makes, also beside Redis', async (t) => {
  const directory = await folder(t)
  const inline = loadConfig({ SALLYPORT_FACTOR_KEY: `${SECRET},${OLDER}` }, directory)
  assert.deepEqual([inline.factorKeys(), inline.sessions.factorKeyFile], [[SECRET, OLDER], null])
  await writeFile(join(directory, 'key'), `${SECRET}\n${OLDER}\n`)
  assert.deepEqual(loadConfig({ SALLYPORT_FACTOR_KEY_FILE: 'key' }, directory).factorKeys(), [SECRET, OLDER])
  await mkdir(join(directory, 'data'))
  await writeFile(join(directory, 'data/factor-key'), `${OLDER}\n`)
  for (const store of ['sqlite:s.db', 'redis://redis.example'])
    assert.deepEqual(loadConfig({ SALLYPORT_STORE: store }, directory).factorKeys(), [OLDER])
  assert.match(
    faultsOf({ SALLYPORT_FACTOR_KEY: 'short' }, directory)[0] ?? '',
    /^SALLYPORT_FACTOR_KEY: a factor key is shorter than 32 characters: make one as in export SALLYPORT_FACTOR_KEY=/,
  )
  assert.match(faultsOf({ SALLYPORT_FACTOR_KEY: ' , ' }, directory)[0] ?? '', /there is no factor key in it/)
  assert.match(faultsOf({ SALLYPORT_FACTOR_KEY_FILE: 'none' }, directory)[0] ?? '', /none cannot be read/)
})

test('several nodes need a secret of their own making, and whoever asks for it is told how', async (t) => {
  const config = loadConfig({ SALLYPORT_STORE: 'redis://:pass-word@redis.example:6379' }, await folder(t))
  assert.throws(
    () => config.sessionSecrets(),
    (error) =>
      isSallyportError(error, 'CONFIGURATION_INVALID') &&
      error.message.includes('export SALLYPORT_SESSION_SECRET="$(openssl rand -base64 48)"') &&
      !error.message.includes('pass-word'),
  )
})

test('no secret and no password shows when the configuration is printed', async (t) => {
  const url = 'rediss://user:pass-word@redis.example:6380/2'
  const config = loadConfig({ SALLYPORT_STORE: url, SALLYPORT_SESSION_SECRET: SECRET }, await folder(t))
  const shown =
    JSON.stringify(config) + inspect(config, { depth: 9, showHidden: true }) + String(config.sessionSecrets)
  assert.ok(!shown.includes('pass-word') && !shown.includes(SECRET))
  assert.ok(config.store.kind === 'redis')
  assert.equal(config.store.display, 'rediss://redis.example:6380/2')
  assert.equal(config.store.url(), url)
})

test('sentinels and clusters are named by all their hosts, and shown without user and password', async (t) => {
  const directory = await folder(t)
  const shown = {
    'redis+sentinel://u:pass-word@a:26379,b,[::1]:7/main/2': 'redis+sentinel://a:26379,b,[::1]:7/main/2',
    'rediss+cluster://:pass-word@a:6379,b/': 'rediss+cluster://a:6379,b',
  }
  for (const [url, display] of Object.entries(shown)) {
    const { store } = loadConfig({ SALLYPORT_STORE: url, SALLYPORT_SESSION_SECRET: SECRET }, directory)
    assert.ok(store.kind === 'redis')
    assert.equal(store.display, display)
    assert.equal(store.url(), url)
  }
})

test('what is set for Redis has to go with the store', async (t) => {
  const environment = { SALLYPORT_SESSION_SECRET: SECRET, SALLYPORT_STORE: 'redis+cluster://a,b' }
  const faultsIn = async (text: string, store = environment.SALLYPORT_STORE): Promise<readonly string[]> => {
    const directory = await folder(t, text)
    const faults = faultsOf({ ...environment, SALLYPORT_STORE: store }, directory)
    return faults.map((fault) => fault.replace(`${directory}/`, ''))
  }
  assert.deepEqual(await faultsIn('redis: { tls: { ca: a.pem, key: k.pem } }'), [
    'sallyport.yaml:1:10: redis.tls: is set, and the store is not spoken to over TLS: begin it with "rediss"',
    'sallyport.yaml:1:10: redis.tls: must have both certificate and key, or neither',
  ])
  assert.deepEqual(await faultsIn('redis: { sentinel: { user: x } }'), [
    'sallyport.yaml:1:10: redis.sentinel: is set, and the store is not found by sentinels: take it out',
  ])
  assert.deepEqual(await faultsIn('redis: { prefix: "{a}" }'), [
    'sallyport.yaml:1:10: redis.prefix: must be 1 to 64 letters, digits, ".", "_", ":" and "-"',
  ])
  const directory = await folder(t, 'redis: { tls: { ca: a.pem }, sentinel: { passwordFile: p } }')
  const config = loadConfig({ ...environment, SALLYPORT_STORE: 'rediss+sentinel://a/m' }, directory)
  assert.deepEqual(config.redis, {
    prefix: 'sallyport:',
    tls: { ca: join(directory, 'a.pem') },
    sentinel: { passwordFile: join(directory, 'p') },
  })
})

test('a store that is none is refused without showing it', async (t) => {
  const directory = await folder(t)
  for (const store of [
    'redis:',
    'http://x',
    'sqlite:',
    'sqlite::memory:',
    'postgres://u:pass-word@h',
    'redis://u:1#pass-word@h',
    'redis://u:1/pass-word@h',
    'redis://u:pass-word@1@h',
    'redis+other://u:pass-word@h',
    'redis+cluster://u:pass-word@h,',
    'x',
  ])
    assert.deepEqual(faultsOf({ SALLYPORT_STORE: store, SALLYPORT_SESSION_SECRET: SECRET }, directory), [
      'SALLYPORT_STORE: must be sqlite:PATH, redis://HOST…, redis+sentinel://HOST,…/MASTER or redis+cluster://HOST,…',
    ])
})

test('a configuration is frozen to its depths', async (t) => {
  const config = loadConfig({}, await folder(t))
  const { listeners, tls, trust, sessions, limits, store, hosts } = config
  for (const part of [config, listeners, listeners.certificates, tls, trust, sessions, limits, store, hosts])
    assert.ok(Object.isFrozen(part))
})
