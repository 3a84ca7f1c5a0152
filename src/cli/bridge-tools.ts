import { isGood, messagesOf } from './bridge-answer.ts'
import { answerIn } from './bridge-client.ts'
import { modernHeaders } from '../wire/headers.ts'
import { isRecord, type Params } from '../wire/message.ts'
import type { ToolParameters } from '../wire/parameters.ts'
import { JSON_HEADERS } from './bridge-session.ts'
import type { Upstream } from './bridge-upstream.ts'

/** A list that goes on for longer is not read to its end. */
const MOST_PAGES = 64
const METHOD = 'tools/list'

/**
 * Lists the tools to learn which arguments are repeated in headers, for a client that calls what it has not listed in
 * this process. What cannot be read is not learnt, and the server says so.
 *
 * @param meta `_meta` of the call, which says the revision and who asks
 */
export async function listTools(
  { upstream, parameters, signal }: { upstream: Upstream; parameters: ToolParameters; signal: AbortSignal },
  { meta, revision }: { meta: Params; revision: string },
): Promise<void> {
  const { progressToken: _, ...envelope } = meta
  let cursor: unknown
  for (let page = 0; page < MOST_PAGES; page++) {
    const params = { _meta: envelope, ...(cursor === undefined ? {} : { cursor }) }
    const request = { kind: 'request', id: `sallyport-${page}`, method: METHOD, params } as const
    const body = JSON.stringify({ jsonrpc: '2.0', id: request.id, method: METHOD, params })
    const headers = { ...JSON_HEADERS, ...modernHeaders(request, revision) }
    const sent = await upstream.ask({ method: 'POST', headers, body, signal })
    if (sent.kind !== 'answered') return
    if (!isGood(sent.answer.status)) return sent.answer.discard()
    for await (const carried of messagesOf(sent.answer)) {
      const result = answerIn(carried)?.result
      if (result === undefined) continue
      parameters.learn(result)
      cursor = isRecord(result) ? result['nextCursor'] : undefined
    }
    if (typeof cursor !== 'string') return
  }
}
