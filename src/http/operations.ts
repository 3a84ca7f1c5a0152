import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listenerOf, type Listener, type ListenerAddress } from './listen.ts'
import { sendJson } from './respond.ts'
import { pathOf } from './path.ts'

/** What the operations listener needs. */
export interface OperationsOptions extends ListenerAddress {
  /** Whether this server can judge requests now. */
  readonly ready: () => Promise<boolean>
  /** Told of what should not happen, for the operator's log. */
  readonly onException: (requestId: string | undefined, error: unknown) => void
}

/**
 * A plain HTTP listener for probes on this machine: `/healthz` (alive) and `/readyz` (fit to serve), and nothing else.
 * It asks for no credential, so it says nothing but yes or no.
 */
export function createOperations(options: OperationsOptions): Listener {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, (request, response) => {
    void answer(request, response, options)
  })
  return listenerOf(server, options, (error) => options.onException(undefined, error))
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { ready }: OperationsOptions,
): Promise<void> {
  switch (pathOf(request.url)) {
    case '/healthz':
      return sendJson(response, 200, { status: 'ok' })
    case '/readyz':
      return sendReadiness(response, await ready().catch(() => false))
    default:
      return sendJson(response, 404, { error: 'not_found', message: 'There is nothing here.' })
  }
}

/** 200 or 503, and no reason: reasons are in the log. */
export function sendReadiness(response: ServerResponse, ready: boolean): void {
  sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready' })
}
