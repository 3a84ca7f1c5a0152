import type { Connect, Dial, UpstreamAnswer, UpstreamConnection } from './connection.ts'
import { hidesValues } from './hide-values.ts'
import type { UpstreamTransport } from './options.ts'

/**
 * The same, of which nothing tells a secret by which we are known to the upstream: servers repeat in an error what they
 * were sent, and callers, the log and the trail get to read that. Results are passed on as they are.
 */
export function hidingSecrets(connect: Connect): Connect {
  return async (options, dial, events) => {
    const hide = hidesValues(secretsIn(options.transport, dial))
    const connected = await connect(options, dial, events)
    return connected.kind === 'failed'
      ? { ...connected, why: hide(connected.why) }
      : { ...connected, connection: hiding(connected.connection, hide) }
  }
}

function hiding(connection: UpstreamConnection, hide: (text: string) => string): UpstreamConnection {
  return {
    ...connection,
    request: async (request) => hidden(await connection.request(request), hide),
  }
}

function hidden(answer: UpstreamAnswer, hide: (text: string) => string): UpstreamAnswer {
  switch (answer.kind) {
    case 'error':
      return { ...answer, message: hide(answer.message), ...dataOf(answer.data, hide) }
    case 'down':
    case 'refused':
    case 'garbage':
      return { ...answer, why: hide(answer.why) }
    case 'result':
    case 'cancelled':
    case 'timeout':
    case 'too_large':
    case 'busy':
    case 'no_secret':
      return answer
  }
}

/** Data that holds a secret is left out: what would be left of it is anybody's guess. */
function dataOf(data: unknown, hide: (text: string) => string): { readonly data?: unknown } {
  const text = JSON.stringify(data)
  return data === undefined || hide(text) === text ? {} : { data: undefined }
}

/** The words of headers, since what is repeated is rarely the scheme as well; and what principals keep. */
function secretsIn(transport: UpstreamTransport, { secrets }: Dial): readonly (readonly [string, string])[] {
  const headers = transport.kind === 'http' ? Object.entries(transport.headers) : []
  return [
    ...Object.entries(secrets),
    ...headers.flatMap(([name, pieces]) =>
      pieces
        .filter((piece) => typeof piece === 'string')
        .join(' ')
        .split(/\s+/)
        .map((word) => [name, word] as const),
    ),
  ]
}
