import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { ask, modern } from './support/clients.ts'
import { metricBecomes, metricsAt, type Sample } from './support/metrics.ts'
import { policyOf, startServer, type TestServer } from './support/server.ts'
import { openStreams } from './support/streams.ts'
import {
  definitionsOf,
  serverWith,
  testUpstreams,
  upstreamIn,
  type TestUpstreams,
} from './support/upstreams.ts'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description: string
  readonly datasource?: unknown
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly datasource: unknown }[]
}

interface Dashboard {
  readonly title: string
  readonly uid: string
  readonly schemaVersion: number
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] }
  readonly annotations: { readonly list: readonly { readonly expr: string }[] }
}

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}

const SOURCE = { type: 'prometheus', uid: '${datasource}' }
let server: TestServer
let behind: TestUpstreams
let samples: readonly Sample[]
let dashboard: Dashboard
let alerts: readonly Alert[]

const fileOf = async (name: string): Promise<string> =>
  readFile(new URL(`../dashboards/${name}`, import.meta.url), 'utf8')

before(async () => {
  const wiki = upstreamIn('wiki', serverWith({ search: 'Searches' }))
  behind = testUpstreams([wiki], { pins: new Map([['wiki', await definitionsOf(wiki)]]) })
  await behind.upstreams.settled()
  server = await startServer({
    upstreams: behind.upstreams,
    listeners: {
      certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'required' },
      operations: { host: '127.0.0.1', port: 0 },
    },
  })
  await traffic()
  await behind.call('wiki_search')
  samples = (await metricsAt(server.ports.operations)).samples
  dashboard = JSON.parse(await fileOf('sallyport.json')) as Dashboard
  const { groups } = parse(await fileOf('alerts.yaml')) as { groups: readonly { rules: readonly Alert[] }[] }
  alerts = groups.flatMap(({ rules }) => rules)
})
after(async () => {
  await server.close()
  await behind.upstreams.close()
})

/** Something of everything that is counted. */
async function traffic(): Promise<void> {
  const { ports, authority } = server
  const to = { port: ports.certificates, ca: authority.rootPem }
  const demo = { ...to, ...(await authority.client('demo')) }
  const policy = policyOf()
  server.setPolicy({ ...policy, decide: (...asked) => ({ ...policy.decide(...asked), shadow: ['a-rule'] }) })
  server.judgeRights()
  server.metrics.fileRefused('trust', true)
  const call = modern('tools/call', { name: 'time_now', arguments: {} })
  await ask({ ...demo, ...call, headers: { ...call.headers, 'x-forwarded-for': '10.0.0.1' } })
  await assert.rejects(ask({ ...to, ...call }))
  const [stream] = await openStreams(demo, 1)
  stream?.destroy()
  await metricBecomes(ports.operations, 1, 'sallyport_refusals_total')
}

/** The names of metrics in an expression, with the labels that it believes them to have. */
function usesIn(expr: string): readonly { readonly name: string; readonly labels: readonly string[] }[] {
  const grouped = [...expr.matchAll(/\bby \((?<labels>[^)]*)\)/g)].flatMap(
    ({ groups }) => groups?.['labels']?.split(/,\s*/) ?? [],
  )
  return [
    ...expr.matchAll(/\b(?<name>(?:sallyport|process|nodejs)_[a-z0-9_]+)(?:\{(?<selectors>[^}]*)\})?/g),
  ].map(({ groups: { name = '', selectors = '' } = {} }) => ({
    name,
    labels: [
      ...grouped,
      ...[...selectors.matchAll(/(?<label>\w+)[=!]~?"/g)].map(({ groups }) => groups?.['label'] ?? ''),
    ],
  }))
}

/** Given by Prometheus, not by us. */
const OF_PROMETHEUS: ReadonlySet<string> = new Set(['instance', 'job'])

function assertExists(expr: string, where: string): void {
  const uses = usesIn(expr)
  assert.ok(uses.length > 0, `${where}: no metric in ${expr}`)
  for (const { name, labels } of uses) {
    const found = samples.filter((sample) => sample.name === name)
    assert.ok(found.length > 0, `${where}: there is no ${name}`)
    for (const label of labels)
      assert.ok(
        OF_PROMETHEUS.has(label) || found.some((sample) => label in sample.labels),
        `${where}: ${name} has no label ${label}`,
      )
  }
}

const expressions = (): readonly string[] => [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.map(({ expr }) => expr),
]

test('every expression of the dashboard and every alert is about metrics and labels that exist', () => {
  for (const { title, targets = [] } of dashboard.panels)
    for (const { expr } of targets) assertExists(expr, title)
  for (const { expr } of dashboard.annotations.list) assertExists(expr, 'annotation')
  for (const { alert, expr } of alerts) assertExists(expr, alert)
})

test('every metric of ours is on the dashboard', () => {
  const shown = new Set(expressions().flatMap((expr) => usesIn(expr).map(({ name }) => familyOf(name))))
  const ours = new Set(
    samples.map(({ name }) => familyOf(name)).filter((name) => name.startsWith('sallyport_')),
  )
  assert.ok(ours.size > 20)
  assert.deepEqual(
    [...ours].filter((name) => !shown.has(name)),
    [],
  )
})

test('every metric that the documents name exists', async () => {
  const ours = new Set(samples.map(({ name }) => familyOf(name)))
  for (const document of ['OBSERVABILITY.md', 'UPSTREAMS.md', 'PEOPLE.md', 'AUDIT.md', 'POLICY.md']) {
    const text = await readFile(new URL(`../${document}`, import.meta.url), 'utf8')
    for (const [name] of text.matchAll(/\bsallyport_[a-z0-9_]+/g))
      assert.ok(ours.has(name), `${document}: there is no ${name}`)
  }
})

/** A histogram is three names. */
function familyOf(name: string): string {
  return name.replace(/_seconds_(?:bucket|sum|count)$/, '_seconds')
}

test('the dashboard is one that Grafana takes: its data source is chosen there, and panels overlap nowhere', () => {
  assert.equal(dashboard.uid, 'sallyport')
  assert.ok(dashboard.schemaVersion >= 39)
  assert.deepEqual(
    dashboard.templating.list.map(({ name, type }) => [name, type]),
    [
      ['datasource', 'datasource'],
      ['instance', 'query'],
    ],
  )
  const taken = new Set<string>()
  for (const { title, type, gridPos, datasource, targets = [] } of dashboard.panels) {
    const { x, y, w, h } = gridPos
    assert.ok(x + w <= 24, title)
    for (let column = x; column < x + w; column += 1)
      for (let line = y; line < y + h; line += 1) {
        assert.ok(!taken.has(`${column},${line}`), `${title} lies on another`)
        taken.add(`${column},${line}`)
      }
    if (type !== 'row')
      assert.deepEqual(
        [datasource, ...targets.map((target) => target.datasource)],
        [SOURCE, ...targets.map(() => SOURCE)],
      )
  }
  const ids = dashboard.panels.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
})

test('every alert has a name of its own, says what is wrong and what it means, and how bad it is', () => {
  assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length)
  for (const { alert, labels, annotations, for: lasting = '1m' } of alerts) {
    assert.match(alert, /^Sallyport[A-Z][A-Za-z]+$/)
    assert.match(labels.severity, /^(?:warning|critical)$/)
    assert.match(annotations.summary, /\.$/)
    assert.match(annotations.description, /\.$/)
    assert.match(lasting, /^\d+[smh]$/)
  }
})
