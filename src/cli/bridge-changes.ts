import { isRecord } from '../wire/message.ts'

const LISTS = ['tools', 'prompts', 'resources'] as const

/** Which changes a client has asked or been promised to hear of. */
export interface Watched {
  readonly lists: readonly string[]
  /** URIs of resources. */
  readonly resources: readonly string[]
}

/** What the capabilities in the answer to `initialize` promise (MCP 2025-11-25). */
export function watchedByCapabilities(result: unknown): readonly string[] {
  const capabilities = isRecord(result) ? result['capabilities'] : undefined
  if (!isRecord(capabilities)) return []
  return LISTS.filter((list) => {
    const capability = capabilities[list]
    return isRecord(capability) && capability['listChanged'] === true
  })
}

/** What `notifications/subscriptions/acknowledged` grants (MCP 2026-07-28). */
export function watchedBySubscription(granted: unknown): Watched {
  const given = isRecord(granted) ? granted : {}
  const uris: unknown = given['resourceSubscriptions']
  return {
    lists: LISTS.filter((list) => given[`${list}ListChanged`] === true),
    resources: Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [],
  }
}

/**
 * What to tell a client when a stream of changes was interrupted: that everything it watches may have changed. What was
 * said meanwhile is lost, so the client looks once too often rather than once too little.
 *
 * @param meta `_meta` of each, where the revision wants some
 */
export function changesOf(
  { lists, resources }: Watched,
  meta?: Readonly<Record<string, unknown>>,
): readonly string[] {
  const params = meta === undefined ? {} : { _meta: meta }
  const notifications = [
    ...lists.map((list) => ({ method: `notifications/${list}/list_changed`, params })),
    ...resources.map((uri) => ({ method: 'notifications/resources/updated', params: { ...params, uri } })),
  ]
  return notifications.map((notification) => JSON.stringify({ jsonrpc: '2.0', ...notification }))
}
