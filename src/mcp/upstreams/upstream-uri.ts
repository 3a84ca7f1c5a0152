import { isRecord } from '../record.ts'

/** What an upstream returns, as parsed JSON. */
export type Members = Readonly<Record<string, unknown>>

/** Carries URIs of one upstream between its names for them and ours. */
export interface UpstreamUris {
  /** A URI or URI template of the upstream, as clients know it. */
  outward(uri: string): string
  /** The very text that {@link outward} took; `undefined` for what is no URI of this upstream. */
  inward(uri: string): string | undefined
}

/**
 * Makes URIs of an upstream `wiki` into `wiki+<uri>`, a legal scheme (RFC 3986, section 3.1). No name of an upstream has
 * a `+`, so what stands before the first one is the upstream, and none can name what is another's.
 *
 * @param upstream without a name, URIs stay as they are
 */
export function upstreamUris(upstream: string | undefined): UpstreamUris {
  if (upstream === undefined) return { outward: (uri) => uri, inward: (uri) => uri }
  const prefix = `${upstream}+`
  return {
    outward: (uri) => prefix + uri,
    inward: (uri) => (uri.startsWith(prefix) ? uri.slice(prefix.length) : undefined),
  }
}

/** RFC 3986, 3.1, in small letters; empty where a URI or URI template leaves it open. */
export function schemeOf(uriTemplate: string): string {
  return /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(uriTemplate)?.[1]?.toLowerCase() ?? ''
}

/** The result of `tools/call` with our URIs, in resource links and embedded resources. */
export function withUrisOfTool(result: Members, uris: UpstreamUris): Members {
  const { content } = result
  return Array.isArray(content)
    ? { ...result, content: content.map((block) => blockOf(block, uris)) }
    : result
}

/** The result of `prompts/get` with our URIs, in the content of its messages. */
export function withUrisOfPrompt(result: Members, uris: UpstreamUris): Members {
  const { messages } = result
  if (!Array.isArray(messages)) return result
  return {
    ...result,
    messages: messages.map((message) => messageOf(message, uris)),
  }
}

function messageOf(message: unknown, uris: UpstreamUris): unknown {
  return isRecord(message) ? { ...message, content: blockOf(message['content'], uris) } : message
}

/** The result of `resources/read` with our URIs, in its contents. */
export function withUrisOfRead(result: Members, uris: UpstreamUris): Members {
  const { contents } = result
  return Array.isArray(contents) ? { ...result, contents: contents.map((one) => withUri(one, uris)) } : result
}

function blockOf(block: unknown, uris: UpstreamUris): unknown {
  if (!isRecord(block)) return block
  switch (block['type']) {
    case 'resource_link':
      return withUri(block, uris)
    case 'resource':
      return { ...block, resource: withUri(block['resource'], uris) }
    default:
      return block
  }
}

function withUri(value: unknown, { outward }: UpstreamUris): unknown {
  if (!isRecord(value) || typeof value['uri'] !== 'string') return value
  return { ...value, uri: outward(value['uri']) }
}
