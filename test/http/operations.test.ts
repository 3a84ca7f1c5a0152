import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createMetrics } from '../../src/http/metrics.ts'
import { createOperations } from '../../src/http/operations.ts'
import { readinessOf, type Readiness } from '../../src/http/readiness.ts'

interface Setting {
  readonly get: (path: string) => Promise<readonly [status: number, body: unknown]>
  readonly problems: readonly unknown[]
}

async function operations(
  t: TestContext,
  ready: () => Promise<Readiness>,
  metrics: Parameters<typeof createOperations>[0]['metrics'] = createMetrics(),
): Promise<Setting> {
  const problems: unknown[] = []
  const onException = (_id: string | undefined, error: unknown): void => void problems.push(error)
  const listener = createOperations({ host: '127.0.0.1', port: 0, ready, metrics, onException })
  const port = await listener.listen()
  t.after(async () => listener.close(0))
  const get: Setting['get'] = async (path) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return [response.status, await response.json().catch(() => undefined)]
  }
  return { get, problems }
}

test('ready and degraded are 200, not ready is 503, with the kinds of problems', async (t) => {
  const rows: readonly (readonly [blocking: string[], lasting: string[], number, unknown])[] = [
    [[], [], 200, { status: 'ready' }],
    [[], ['trust', 'access policy'], 200, { status: 'degraded', problems: ['trust', 'access policy'] }],
    [['store'], ['trust'], 503, { status: 'not ready', problems: ['store', 'trust'] }],
    [['store'], [], 503, { status: 'not ready', problems: ['store'] }],
  ]
  for (const [blocking, lasting, status, body] of rows) {
    const { get } = await operations(t, async () => readinessOf(blocking, lasting))
    assert.deepEqual(await get('/readyz'), [status, body])
  }
})

test('a readiness that cannot be found out is none', async (t) => {
  const { get } = await operations(t, async () => Promise.reject(new Error('nobody knows')))
  assert.deepEqual(await get('/readyz'), [503, { status: 'not ready', problems: ['unknown'] }])
  assert.deepEqual(await get('/healthz'), [200, { status: 'ok' }])
})

test('metrics that cannot be made are reported and end nothing', async (t) => {
  const text = async (): Promise<string> => Promise.reject(new Error('no metrics'))
  const { get, problems } = await operations(t, async () => readinessOf([], []), {
    contentType: 'text/plain',
    text,
  })
  await assert.rejects(get('/metrics'))
  assert.match(String(problems[0]), /no metrics/)
  assert.equal((await get('/healthz'))[0], 200)
})

test('there is nothing else', async (t) => {
  const { get } = await operations(t, async () => readinessOf([], []))
  for (const path of ['/', '/mcp', '/metrics/x', '/auth/login', '/pki/root'])
    assert.equal((await get(path))[0], 404, path)
})

test('metrics say what files were refused, and when the certificate ends', async () => {
  const metrics = createMetrics()
  metrics.fileRefused('trust', true)
  metrics.fileRefused('access policy', true)
  metrics.fileRefused('access policy', false)
  metrics.serverCertificateEnds(1_800_000_000_500)
  const text = await metrics.text()
  assert.match(text, /^sallyport_file_refused\{what="trust"\} 1$/m)
  assert.match(text, /^sallyport_file_refused\{what="access policy"\} 0$/m)
  assert.match(text, /^sallyport_server_certificate_not_after_seconds 1800000000$/m)
})
