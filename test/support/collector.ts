import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A span as the collector was given it. */
export interface ReceivedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly traceState: string | undefined
  /** 1 internal, 2 server. */
  readonly kind: number
  /** Ms since the epoch. */
  readonly startedAt: number
  readonly endedAt: number
  /** 2 for an error. */
  readonly status: number
  readonly attributes: Readonly<Record<string, unknown>>
}

/** Stands for an OpenTelemetry collector: takes what exporters post, as OTLP in JSON. */
export interface Collector {
  /** Where traces are posted. */
  readonly url: string
  readonly spans: readonly ReceivedSpan[]
  /** What was posted, as text. */
  readonly bodies: readonly string[]
  /** Attributes of who sent the spans. */
  readonly resource: () => Readonly<Record<string, unknown>>
}

/** @param status what every post is answered with */
export async function startCollector(t: Pick<TestContext, 'after'>, status = 200): Promise<Collector> {
  const bodies: string[] = []
  const spans: ReceivedSpan[] = []
  let resource: Readonly<Record<string, unknown>> = {}
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      bodies.push(text)
      const posted = JSON.parse(text) as Posted
      for (const { resource: sender, scopeSpans } of posted.resourceSpans ?? []) {
        resource = attributesOf(sender.attributes)
        spans.push(...scopeSpans.flatMap((scope) => scope.spans.map(received)))
      }
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/v1/traces`, spans, bodies, resource: () => resource }
}

interface Posted {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly PostedSpan[] }[]
  }[]
}

interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface PostedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Attribute[]
  readonly status: { readonly code: number }
}

function received(span: PostedSpan): ReceivedSpan {
  const { name, traceId, spanId, parentSpanId, traceState, kind, status } = span
  return {
    name,
    traceId,
    spanId,
    parentSpanId,
    traceState,
    kind,
    startedAt: Number(span.startTimeUnixNano) / 1e6,
    endedAt: Number(span.endTimeUnixNano) / 1e6,
    status: status.code,
    attributes: attributesOf(span.attributes),
  }
}

function attributesOf(attributes: readonly Attribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
