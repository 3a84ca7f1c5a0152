import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listenerOf, type Listener, type ListenerAddress } from './listen.ts'
import type { Metrics } from './metrics.ts'
import { pathOf } from './path.ts'
import { readinessOf, sendReadiness, type Readiness } from './readiness.ts'
import { sendJson, sendText } from './respond.ts'

/** What the operations listener needs. */
export interface OperationsOptions extends ListenerAddress {
  readonly ready: () => Promise<Readiness>
  readonly metrics: Pick<Metrics, 'contentType' | 'text'>
  /** Told of what should not happen, for the operator's log. */
  readonly onException: (requestId: string | undefined, error: unknown) => void
}

/**
 * A plain HTTP listener for probes on this machine: `/healthz` (alive), `/readyz` (fit to serve, and the kinds of
 * problems), `/metrics` (Prometheus), and nothing else. It asks for no credential, so it names nobody and no file.
 */
export function createOperations(options: OperationsOptions): Listener {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, (request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      options.onException(undefined, error)
      response.destroy()
    })
  })
  return listenerOf(server, options, (error) => options.onException(undefined, error))
}

/** When even readiness cannot be found out. */
const UNKNOWN = readinessOf(['unknown'], [])

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { ready, metrics }: OperationsOptions,
): Promise<void> {
  switch (pathOf(request.url)) {
    case '/healthz':
      return sendJson(response, 200, { status: 'ok' })
    case '/readyz':
      return sendReadiness(response, await ready().catch(() => UNKNOWN), { withProblems: true })
    case '/metrics':
      return sendText(response, 200, { type: metrics.contentType, text: await metrics.text() })
    default:
      return sendJson(response, 404, { error: 'not_found', message: 'There is nothing here.' })
  }
}
