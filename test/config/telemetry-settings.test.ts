import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadConfig } from '../../src/config/config.ts'

async function folder(t: TestContext, yaml = ''): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-telemetry-'))
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))
  await writeFile(join(directory, 'sallyport.yaml'), yaml)
  return directory
}

const BASE = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }

test('the variables of OpenTelemetry win over the file, the narrower one over the wider', async (t) => {
  const directory = await folder(
    t,
    'telemetry: { serviceName: ours, traces: { endpoint: "http://file:4318/v1/traces" } }',
  )
  const rows: readonly (readonly [environment: Record<string, string>, endpoint: string | false])[] = [
    [{}, 'http://file:4318/v1/traces'],
    [BASE, 'http://collector:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/otlp' }, 'https://c/otlp/v1/traces'],
    [{ ...BASE, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces/' }, 'https://traces/'],
    [{ ...BASE, OTEL_SDK_DISABLED: 'True' }, false],
    [{ ...BASE, OTEL_SDK_DISABLED: 'false' }, 'http://collector:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, 'http://file:4318/v1/traces'],
  ]
  for (const [environment, endpoint] of rows)
    assert.equal(
      loadConfig(environment, directory).telemetry.traces.endpoint,
      endpoint,
      JSON.stringify(environment),
    )
  assert.equal(loadConfig({}, directory).telemetry.serviceName, 'ours')
  assert.equal(loadConfig({ OTEL_SERVICE_NAME: 'theirs' }, directory).telemetry.serviceName, 'theirs')
})

test('what is no collector is a fault that names where it was said, and never a password', async (t) => {
  const rows: readonly (readonly [yaml: string, environment: Record<string, string>, problem: RegExp])[] = [
    [
      'telemetry: { traces: { endpoint: "ftp://x" } }',
      {},
      /sallyport\.yaml:1:\d+: telemetry\.traces\.endpoint: must be an http/,
    ],
    ['', { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /^OTEL_EXPORTER_OTLP_ENDPOINT: must be an http/m],
    [
      '',
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://me:pass-word@x/' },
      /^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: must be/m,
    ],
    ['telemetry: { traces: { sampleRatio: 1.5 } }', {}, /sampleRatio: must be a number from 0 to 1/],
    ['telemetry: { traces: { sampling: 1 } }', {}, /unknown key/],
  ]
  for (const [yaml, environment, problem] of rows) {
    const directory = await folder(t, yaml)
    assert.throws(
      () => loadConfig(environment, directory),
      (error: Error) => {
        assert.match(error.message, problem)
        assert.doesNotMatch(error.message, /pass-word/)
        return true
      },
    )
  }
})
