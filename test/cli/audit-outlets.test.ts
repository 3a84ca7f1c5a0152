import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { Redis } from 'ioredis'
import type { Outlet, OutgoingLine } from '../../src/audit/mirror.ts'
import { anchorsInFile } from '../../src/cli/audit-anchors.ts'
import { fileOutlet } from '../../src/cli/audit-file-outlet.ts'
import { openTelemetryOutlet } from '../../src/cli/audit-opentelemetry-outlet.ts'
import { redisOutlet } from '../../src/cli/audit-redis-outlet.ts'
import { openAudit } from '../../src/cli/open-audit.ts'
import { loadConfig } from '../../src/config/config.ts'
import { syslogOutlet } from '../../src/cli/audit-syslog-outlet.ts'
import { VERSION } from '../../src/version.ts'
import { DECIDED, issued } from '../support/audit-events.ts'
import { testAuthority } from '../support/certificates.ts'
import { inProcess } from '../support/in-process.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { rightsOf } from '../support/redis-user.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const AT = Date.UTC(2026, 10, 21, 10)
const LINE: OutgoingLine = {
  writer: '7-ab',
  written: { line: '{"v":1,"é":"\\n"}', event: DECIDED, at: AT, seq: 17 },
}
const OTHER: OutgoingLine = {
  writer: '7-ab',
  written: { line: '{"v":2}', event: issued('1'), at: AT, seq: 2_147_483_648 },
}
const CHECKPOINT: OutgoingLine = {
  writer: '7-ab',
  written: {
    line: '{}',
    event: { event: 'audit.checkpoint', through: 18, head: 'sha256:0', key: 'k', signature: 's' },
    at: AT,
    seq: 19,
  },
}
const ANCHOR =
  '{"anchor":1,"writer":"7-ab","through":18,"head":"sha256:0","at":"2026-11-21T10:00:00.000Z","key":"k","signature":"s"}'
const HEAD = `1 2026-11-21T10:00:00.000Z ${hostname()} sallyport 7-ab`
const MESSAGES = [
  `<108>${HEAD} tool.decided [origin software="sallyport" swVersion="${VERSION}"][meta sequenceId="17"] \ufeff${LINE.written.line}`,
  `<110>${HEAD} certificate.issued [origin software="sallyport" swVersion="${VERSION}"][meta sequenceId="1"] \ufeff{"v":2}`,
]

let redis: RedisServer
before(async () => {
  redis = await startRedis()
})
after(() => redis.stop())

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function stopped(server: Server, outlet: Outlet): Promise<void> {
  await outlet.close()
  server.close()
}

test('an anchor file gets a line each, and they are read again', async (t) => {
  const path = join(await temporaryDirectory(t), 'anchors.jsonl')
  const outlet = fileOutlet(path)
  await outlet.send([CHECKPOINT])
  await outlet.send([CHECKPOINT])
  assert.equal(await readFile(path, 'utf8'), `${ANCHOR}\n${ANCHOR}\n`)
  assert.deepEqual(
    (await anchorsInFile(path)).map(({ through, place }) => [through, place]),
    [
      [18, `${path}:1`],
      [18, `${path}:2`],
    ],
  )
})

test('Redis: a stream with the lines, with no more rights than XADD; what Redis refuses is an error', async (t) => {
  const raw = new Redis(redis.url)
  t.after(() => raw.disconnect())
  await raw.call(
    'ACL',
    'SETUSER',
    'trail',
    'on',
    '>secret',
    ...rightsOf(['xadd', 'ping', 'info', 'select']).split(' '),
  )
  const outlet = redisOutlet({
    display: 'redis',
    url: () => `redis://trail:secret@127.0.0.1:${redis.port}`,
    client: {},
    stream: ({ auditLines }) => auditLines,
    length: 1000,
    field: 'line',
    text: ({ written }) => written.line,
  })
  t.after(() => outlet.close())
  await outlet.send([LINE, OTHER])
  const entries = await raw.xrange('sallyport:audit:lines', '-', '+')
  assert.deepEqual(
    entries.map(([, fields]) => fields),
    [
      ['line', LINE.written.line],
      ['line', '{"v":2}'],
    ],
  )
  await raw.set('sallyport:audit:lines', 'no stream')
  await assert.rejects(outlet.send([LINE]), { code: 'STORE_UNAVAILABLE', message: /WRONGTYPE/ })
  await raw.del('sallyport:audit:lines')
  await outlet.send([LINE])
})

test('lines and anchors in the Redis of the store, and the trail verified with them', async (t) => {
  const cwd = await temporaryDirectory(t)
  await writeFile(
    join(cwd, 'sallyport.yaml'),
    'redis: { prefix: "t:" }\naudit: { anchors: [ { kind: redis } ], sinks: [ { kind: redis, required: true } ] }\n',
  )
  const env = { SALLYPORT_STORE: redis.url, SALLYPORT_SESSION_SECRET: 's'.repeat(40) }
  const sink = await openAudit(loadConfig(env, cwd))
  await sink.record(issued('1'))
  await sink.close()
  const raw = new Redis(redis.url)
  t.after(() => raw.disconnect())
  assert.deepEqual([await raw.xlen('t:audit:lines'), await raw.xlen('t:audit:anchors')], [4, 2])
  const { code, stdout, stderr } = await inProcess(['audit', 'verify'], { cwd, env })
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^anchored to the end: 1 chain of 1/m)
  await raw.xdel(
    't:audit:anchors',
    (await raw.xrevrange('t:audit:anchors', '+', '-', 'COUNT', 1))[0]?.[0] ?? '',
  )
  const named = await inProcess(['audit', 'verify', '--anchor', 'redis'], { cwd, env })
  assert.match(named.stdout, /^anchored through line 1 of 4: .* may have been cut off$/m)
})

test('RFC 5426: syslog over UDP, a datagram each', async (t) => {
  const server = createSocket('udp4')
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  const outlet = syslogOutlet({
    kind: 'syslog',
    url: `udp://127.0.0.1:${server.address().port}`,
    facility: 13,
  })
  t.after(() => outlet.close())
  const heard: string[] = []
  const both = new Promise<void>((resolve) => {
    server.on('message', (message) => {
      if (heard.push(message.toString()) === 2) resolve()
    })
  })
  await outlet.send([LINE, OTHER])
  await both
  assert.deepEqual(heard, MESSAGES)
})

/** The frames of RFC 6587 in some bytes. */
function framesIn(bytes: Buffer): readonly string[] {
  const space = bytes.indexOf(' ')
  if (space === -1) return []
  const end = space + 1 + Number(bytes.toString('latin1', 0, space))
  return [bytes.toString('utf8', space + 1, end), ...framesIn(bytes.subarray(end))]
}

/** What a server is sent; `frames` resolves once there are so many. */
function hearing(server: Server, event: 'connection' | 'secureConnection') {
  const sockets: Socket[] = []
  const heard = new EventTarget()
  let bytes = Buffer.alloc(0)
  server.on(event, (socket: Socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, Buffer.from(data)])
      heard.dispatchEvent(new Event('data'))
    })
  })
  const frames = async (many: number): Promise<readonly string[]> => {
    while (framesIn(bytes).length < many) await once(heard, 'data')
    return framesIn(bytes)
  }
  return { sockets, frames }
}

test('RFC 6587: syslog over TCP, with the length before each; a lost connection is made anew', async (t) => {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const outlet = syslogOutlet({ kind: 'syslog', url: `tcp://127.0.0.1:${portOf(server)}`, facility: 13 })
  t.after(() => stopped(server, outlet))
  const { sockets, frames } = hearing(server, 'connection')
  await outlet.send([LINE, OTHER])
  assert.deepEqual(await frames(2), MESSAGES)
  const closed = once(sockets[0] ?? server, 'close')
  sockets[0]?.destroy()
  await closed
  // What is sent into the lost connection before that is known is lost; what comes later arrives.
  while (sockets.length < 2) {
    await outlet.send([LINE]).catch(() => undefined)
    await turn()
  }
  assert.equal((await frames(3)).at(-1), MESSAGES[0])
})

test('RFC 5425: syslog over TLS, only to who has the certificate of its name', async (t) => {
  const directory = await temporaryDirectory(t)
  const { files, serverFiles } = await testAuthority(directory)
  const server = createTlsServer({
    cert: await readFile(serverFiles.certificate),
    key: await readFile(serverFiles.key),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `tls://localhost:${portOf(server)}`
  const outlet = syslogOutlet({ kind: 'syslog', url, facility: 13, ca: files.root })
  t.after(() => stopped(server, outlet))
  const { frames } = hearing(server, 'secureConnection')
  await outlet.send([LINE])
  assert.deepEqual(await frames(1), MESSAGES.slice(0, 1))
  const distrustful = syslogOutlet({ kind: 'syslog', url, facility: 13 })
  await assert.rejects(distrustful.send([LINE]), /self-signed certificate|unable to/)
  await distrustful.close()
})

test('nobody there is an error, over TCP at once', async () => {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  const outlet = syslogOutlet({ kind: 'syslog', url: `tcp://127.0.0.1:${port}`, facility: 13 })
  await assert.rejects(outlet.send([LINE]), { code: 'ECONNREFUSED' })
  await outlet.close()
})

test('OpenTelemetry: log records with the line as body, delivered when the collector has said so', async (t) => {
  const bodies: unknown[] = []
  let status = 200
  const server = createHttpServer((request, response) => {
    void (async () => {
      bodies.push([request.url, JSON.parse(await textOf(request))])
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const outlet = openTelemetryOutlet({
    url: `http://127.0.0.1:${portOf(server)}/v1/logs`,
    serviceName: 'door',
  })
  t.after(async () => {
    await outlet.close()
    server.closeAllConnections()
    server.close()
  })
  await outlet.send([LINE, OTHER])
  const [[url, sent]] = bodies as [[string, ExportedLogs]]
  assert.equal(url, '/v1/logs')
  const [resource] = sent.resourceLogs
  assert.ok(
    resource?.resource.attributes.some(
      ({ key, value }) => key === 'service.name' && value.stringValue === 'door',
    ),
  )
  const records = resource?.scopeLogs[0]?.logRecords ?? []
  assert.deepEqual(
    records.map(({ body, severityText, eventName, timeUnixNano }) => [
      body.stringValue,
      severityText,
      eventName,
      timeUnixNano,
    ]),
    [
      [LINE.written.line, 'WARN', 'tool.decided', `${AT}000000`],
      ['{"v":2}', 'INFO', 'certificate.issued', `${AT}000000`],
    ],
  )
  const attributes = new Map(
    records[0]?.attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]),
  )
  assert.deepEqual(
    ['writer', 'seq', 'decision', 'principal', 'reason'].map((name) => attributes.get(`sallyport.${name}`)),
    ['7-ab', 17, 'deny', 'service:demo', 'no_permission'],
  )
  status = 400
  await assert.rejects(outlet.send([LINE]))
})

interface ExportedLogs {
  readonly resourceLogs: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly body: { readonly stringValue: string }
        readonly severityText: string
        readonly eventName: string
        readonly timeUnixNano: string
        readonly attributes: readonly Attribute[]
      }[]
    }[]
  }[]
}

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: number }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Buffer))
  return Buffer.concat(chunks).toString()
}
