import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { TestAuthority } from './certificates.ts'

/** What the process of a backend is given. */
export interface BackendSettings {
  readonly cert: string
  readonly key: string
  readonly authorities: readonly string[]
  /** 0 for any. */
  readonly port: number
  /** Whether 2025-era streams can be resumed. */
  readonly resumable?: boolean
}

/** What a backend can be told: to let `hold` end, or that its list of tools has changed. */
export type BackendOrder = 'release' | 'change'

/** What a backend tells. */
export type BackendEvent =
  | { readonly event: 'listening'; readonly port: number }
  /** `hold` began. */
  | { readonly event: 'running' }
  /** `hold` was cancelled. */
  | { readonly event: 'aborted' }
  | {
      readonly event: 'request'
      readonly method: string
      readonly headers: IncomingHttpHeaders
      readonly body?: string
    }
  /** A 2025-era session began, ended by its client, listens. */
  | { readonly event: 'session' }
  | { readonly event: 'session_over' }
  | { readonly event: 'stream' }
  /** A subscription was given up. */
  | { readonly event: 'stream_over' }

type Named<Name> = Extract<BackendEvent, { event: Name }>

/** An MCP server of the SDK in a process of its own, with tools that show how things are forwarded. */
export interface Backend {
  readonly url: string
  readonly port: number
  readonly events: readonly BackendEvent[]
  order(order: BackendOrder): void
  /** The first event of that name that fits and is not in `after`, also one that comes later. */
  event<Name extends BackendEvent['event']>(
    name: Name,
    fits?: (event: Named<Name>) => boolean,
    after?: number,
  ): Promise<Named<Name>>
  /** How often something was told. */
  count(name: BackendEvent['event']): number
  /** Ends the process; `SIGKILL` unless told otherwise. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

const PROCESS = fileURLToPath(new URL('./backend-process.ts', import.meta.url))

/** Starts one behind the server certificate of an authority. */
export async function startBackend(
  authority: TestAuthority,
  { port = 0, resumable = false }: { port?: number; resumable?: boolean } = {},
): Promise<Backend> {
  const settings: BackendSettings = {
    ...authority.server,
    authorities: [authority.rootPem, authority.issuingPem],
    port,
    resumable,
  }
  const child = fork(PROCESS, [JSON.stringify(settings)])
  const events: BackendEvent[] = []
  const looks = new Set<() => void>()
  child.on('message', (event: BackendEvent) => {
    events.push(event)
    for (const look of looks) look()
  })
  const event: Backend['event'] = async (name, fits = () => true, after = 0) =>
    new Promise((resolve) => {
      const look = () => {
        const found = events.slice(after).find((one) => one.event === name && fits(one as Named<typeof name>))
        if (found === undefined) return
        looks.delete(look)
        resolve(found as Named<typeof name>)
      }
      looks.add(look)
      look()
    })
  const died = once(child, 'exit').then(() =>
    Promise.reject(new Error('the backend ended before it listened')),
  )
  const listening = await Promise.race([event('listening'), died])
  died.catch(() => undefined)
  return {
    url: `https://localhost:${listening.port}/mcp`,
    port: listening.port,
    events,
    order: (order) => void child.send(order),
    event,
    count: (name) => events.filter((one) => one.event === name).length,
    stop: async (signal = 'SIGKILL') => stopped(child, signal),
  }
}

async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
