import type {
  Connected,
  UpstreamAnswer,
  UpstreamConnection,
  UpstreamRequest,
} from '../../src/mcp/upstreams/connection.ts'

/** An upstream that answers so, and what became of it. */
export interface ListingUpstream {
  readonly connection: UpstreamConnection
  /** What it was asked so far. */
  readonly asked: readonly UpstreamRequest[]
  readonly isClosed: () => boolean
}

type Answers = (request: UpstreamRequest) => UpstreamAnswer | Promise<UpstreamAnswer>

/** An open connection to an upstream of which only the lists matter. */
export function listingUpstream(
  answers: Answers,
  greeting: Partial<UpstreamConnection['greeting']> = {},
): ListingUpstream {
  const asked: UpstreamRequest[] = []
  let closed = false
  const connection: UpstreamConnection = {
    era: '2025-11-25',
    greeting: { name: 'u', version: '1', capabilities: { tools: {} }, instructions: undefined, ...greeting },
    async request(request) {
      asked.push(request)
      return answers(request)
    },
    inFlight: () => 0,
    watch: () => () => undefined,
    closed: new Promise(() => undefined),
    async close() {
      closed = true
    },
  }
  return { connection, asked, isClosed: () => closed }
}

/** What an upstream has, by the lists of the protocol. */
export interface Offered {
  readonly tools?: readonly unknown[]
  readonly prompts?: readonly unknown[]
  readonly resourceTemplates?: readonly unknown[]
  readonly instructions?: string
}

/** A connection to an upstream that offers this. */
export function offering({ instructions, ...lists }: Offered): Connected {
  const answers = (): UpstreamAnswer => ({
    kind: 'result',
    result: { tools: [], prompts: [], resourceTemplates: [], ...lists },
  })
  const capabilities = { tools: {}, prompts: {}, resources: {} }
  const { connection } = listingUpstream(answers, { capabilities, instructions })
  return { kind: 'connected', connection }
}
