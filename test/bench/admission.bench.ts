import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { connect, TLSSocket } from 'node:tls'
import type { Outcome } from '../../src/auth/authenticator.ts'
import type { Trust } from '../../src/auth/certificate.ts'
import { NO_LIVE_LIST } from '../../src/auth/revocation.ts'
import { admission } from '../../src/http/admission.ts'
import { directIdentification, type Identification } from '../../src/http/identification.ts'
import { proxiedIdentification, type CertificateHeader } from '../../src/http/proxied-identification.ts'
import { removeIdentityHeaders, type RemovedHeader } from '../../src/http/remove-identity-headers.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { modern } from '../support/clients.ts'
import { headerValue } from '../support/tls-proxy.ts'

const NOW = Date.now()
const ROUNDS = 15
let directory: string
let authority: TestAuthority
let trust: Trust
/** The server's side of a connection, and a request of an MCP client on it. */
let socket: TLSSocket
let request: IncomingMessage
let close: () => Promise<void>
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
  authority = await testAuthority(directory)
  trust = await authority.trust({ nextUpdate: NOW + 3_600_000 })
  const { cert, key } = authority.server
  const server = createServer({ cert, key, ca: [authority.rootPem, authority.issuingPem], requestCert: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const edge = await authority.client('edge')
  const client = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.rootPem, ...edge })
  const lines = Object.entries({ host: 'localhost', ...modern('tools/list').headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  client.write(['GET / HTTP/1.1', ...lines, '', ''].join('\r\n'))
  const [received, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse]
  request = received
  assert.ok(received.socket instanceof TLSSocket)
  socket = received.socket
  close = async () => {
    response.end()
    client.destroy()
    server.close()
    await rm(directory, { recursive: true })
  }
})
after(async () => close())

/** How long `work` takes, in ns: the median of several rounds, so that a pause of the machine does not count. */
function nanoseconds(count: number, work: () => unknown): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint()
    for (let index = 0; index < count; index++) work()
    return Number(process.hrtime.bigint() - start) / count
  })
  return rounds.toSorted((one, other) => one - other)[ROUNDS >> 1] ?? Number.NaN
}

/** Says what each takes, and how that compares with the first of them. */
function print(title: string, taken: Readonly<Record<string, number>>): void {
  const [floor = 1] = Object.values(taken)
  const width = Math.max(...Object.keys(taken).map(({ length }) => length))
  console.log(title)
  for (const [what, time] of Object.entries(taken))
    console.log(`  ${what.padEnd(width)} ${time.toFixed(0).padStart(8)} ns  x ${(time / floor).toFixed(2)}`)
}

function identified(outcome: Outcome): void {
  assert.equal(outcome.kind, 'identified')
}

test('the identity of a request on a door whose callers come themselves', () => {
  const { identify } = directIdentification(admission(() => trust, NO_LIVE_LIST))
  const asked = { socket, claims: [] }
  identified(identify(asked, NOW))
  const floor = new WeakMap([[socket, { outcome: asked }]])
  print('direct, per request', {
    'a WeakMap is read': nanoseconds(200_000, () => floor.get(socket)?.outcome),
    'whose certificate it is': nanoseconds(200_000, () => identify(asked, NOW)),
    'headers that claim an identity: none': nanoseconds(50_000, () => removeIdentityHeaders(request)),
  })
})

for (const header of ['client-cert', 'x-forwarded-client-cert'] as const satisfies CertificateHeader[])
  test(`the identity of a request behind a proxy that forwards ${header}`, async () => {
    const certificates = await Promise.all(
      Array.from(
        { length: 64 },
        async (_, index) => new X509Certificate((await authority.client(`c${index}`)).cert),
      ),
    )
    const asked = certificates.map((certificate) => ({
      socket,
      claims: [
        { name: header, value: headerValue(header, certificate), entry: header },
      ] satisfies RemovedHeader[],
    }))
    let index = 0
    const next = (): number => (index = (index + 1) % asked.length)
    const one =
      ({ identify }: Identification) =>
      (): void => {
        const some = asked[next()]
        if (some !== undefined) identify(some, NOW)
      }
    const door = (): Identification =>
      proxiedIdentification({
        header,
        proxies: ['service:edge'],
        admit: admission(() => trust, NO_LIVE_LIST),
        trust: () => trust,
        revocations: NO_LIVE_LIST,
      })
    const known = door()
    for (const some of asked) identified(known.identify(some, NOW))
    const raw = certificates.map((certificate) => certificate.raw)
    print(`behind a proxy that forwards ${header}, per request`, {
      'the certificate is parsed': nanoseconds(2_000, () => new X509Certificate(raw[next()] ?? '')),
      'whose certificate it is, seen before': nanoseconds(5_000, one(known)),
      'whose certificate it is, the first time': nanoseconds(asked.length, () => one(door())()),
    })
  })
