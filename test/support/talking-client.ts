import type { SecureContextOptions } from 'node:tls'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { Agent, fetch as undiciFetch } from 'undici'
import type { ClientShape } from './clients.ts'

/** What a client that can do everything says, and what it hears. */
export interface TalkingClient {
  call(name: string, args?: Record<string, unknown>, meta?: Record<string, unknown>): Promise<TalkResult>
  /** Progress, in order, as far as it was asked for. */
  readonly progress: unknown[]
  /** Lines of the log, in order. */
  readonly log: unknown[]
  /** Methods of what it was asked, in order. */
  readonly asked: string[]
  setLevel(level: 'debug' | 'warning'): Promise<unknown>
  close(): Promise<void>
}

/** The result of a call, as far as the tests look at it. */
export interface TalkResult {
  readonly isError?: boolean | undefined
  readonly content: unknown
}

const ELICITED = { action: 'accept', content: { name: 'Zoe' } } as const
const SAMPLED = { role: 'assistant', content: { type: 'text', text: 'four' }, model: 'test' } as const
const ROOTS = { roots: [{ uri: 'file:///home/zoe', name: 'home' }] }
const CAPABILITIES = { elicitation: { form: {} }, sampling: {}, roots: {} }

/** Connects a real client of one shape that answers whatever it is asked. */
export async function talkingClient(
  shape: ClientShape,
  url: string,
  tls: SecureContextOptions,
  capabilities: typeof CAPABILITIES | Record<string, never> = CAPABILITIES,
): Promise<TalkingClient> {
  const dispatcher = new Agent({ connect: { ...tls, servername: 'localhost' } })
  const fetch = async (to: string | URL, init: RequestInit = {}): Promise<Response> =>
    undiciFetch(to, { ...(init as object), dispatcher })
  const [progress, log, asked]: [unknown[], unknown[], string[]] = [[], [], []]
  const answer = <Value>(method: string, value: Value): Value => {
    asked.push(method)
    return value
  }
  const onprogress = (told: unknown) => void progress.push(told)
  const isAble = 'elicitation' in capabilities
  if (shape === '1.x') {
    const client = new FirstClient({ name: 'first', version: '1' }, { capabilities })
    if (isAble) {
      client.setRequestHandler(ElicitRequestSchema, ({ method }) => answer(method, ELICITED))
      client.setRequestHandler(CreateMessageRequestSchema, ({ method }) => answer(method, SAMPLED))
      client.setRequestHandler(ListRootsRequestSchema, ({ method }) => answer(method, ROOTS))
    }
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void log.push(params))
    await client.connect(new FirstTransport(new URL(url), { fetch }))
    return {
      progress,
      log,
      asked,
      call: async (name, args = {}, meta) =>
        client.request(
          { method: 'tools/call', params: { name, arguments: args, ...(meta && { _meta: meta }) } },
          CallToolResultSchema,
          { onprogress },
        ),
      setLevel: async (level) => client.setLoggingLevel(level),
      async close() {
        await client.close()
        await dispatcher.destroy()
      },
    }
  }
  const mode = { '2.x legacy': 'legacy', '2.x auto': 'auto', '2.x pinned': { pin: '2026-07-28' } } as const
  const client = new Client(
    { name: 'second', version: '1' },
    { capabilities, versionNegotiation: { mode: mode[shape] } },
  )
  if (isAble) {
    client.setRequestHandler('elicitation/create', ({ method }) => answer(method, ELICITED))
    client.setRequestHandler('sampling/createMessage', ({ method }) => answer(method, SAMPLED))
    client.setRequestHandler('roots/list', ({ method }) => answer(method, ROOTS))
  }
  client.setNotificationHandler('notifications/message', ({ params }) => void log.push(params))
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }))
  return {
    progress,
    log,
    asked,
    call: async (name, args = {}, meta) =>
      client.callTool({ name, arguments: args, ...(meta && { _meta: meta }) }, { onprogress }),
    setLevel: async (level) => client.setLoggingLevel(level),
    async close() {
      await client.close()
      await dispatcher.destroy()
    },
  }
}
