import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { LAUNCHER } from './command.ts'
import type { AnyClient, ClientShape } from './clients.ts'

/** How a bridge is started. */
export interface BridgeArguments {
  readonly url: string
  /** The folder of the identity; else `as` says which client of an installation. */
  readonly dir?: string
  readonly as?: string
  /** By the session of `sallyport login`. */
  readonly session?: true
  readonly env?: Readonly<Record<string, string>>
  /** The working directory: the installation. */
  readonly cwd?: string
}

/** A client of one of the SDKs, unmodified, with a bridge as its stdio server. */
export interface BridgedClient {
  readonly client: AnyClient
  /** For what the shapes do not have in common. */
  readonly first?: FirstClient
  readonly second?: Client
  /** What the bridge has said on standard error so far. */
  stderr(): string
}

/** The mode of the 2.x client for each shape. */
const MODES = { '2.x legacy': 'legacy', '2.x auto': 'auto', '2.x pinned': { pin: '2026-07-28' } } as const

/** What a test sets on a client before it connects. */
export interface Preparations {
  readonly capabilities?: Record<string, object>
  readonly first?: (client: FirstClient) => void
  readonly second?: (client: Client) => void
}

/** Something that ends, and ends what was started for it: a test, or a suite. */
export interface Ending {
  after(end: () => unknown): void
}

/** Connects an unmodified client of one shape over the standard input and output of a bridge. */
export async function bridgedClient(
  t: Ending,
  shape: ClientShape,
  bridge: BridgeArguments,
  { capabilities = {}, ...prepare }: Preparations = {},
): Promise<BridgedClient> {
  const server = {
    command: process.execPath,
    args: argumentsOf(bridge),
    cwd: bridge.cwd ?? process.cwd(),
    ...(bridge.env === undefined ? {} : { env: { ...inherited(), ...bridge.env } }),
    stderr: 'pipe',
  } as const
  const errors: string[] = []
  const stderr = (): string => errors.join('')
  const info = { name: 'bridged', version: '1' }
  if (shape === '1.x') {
    const client = new FirstClient(info, { capabilities })
    prepare.first?.(client)
    const transport = new FirstTransport(server)
    transport.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
    t.after(async () => client.close())
    await client.connect(transport)
    return { client: client as unknown as AnyClient, first: client, stderr }
  }
  const client = new Client(info, { capabilities, versionNegotiation: { mode: MODES[shape] } })
  prepare.second?.(client)
  const transport = new StdioClientTransport(server)
  transport.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
  t.after(async () => client.close())
  await client.connect(transport)
  return { client: client as unknown as AnyClient, second: client, stderr }
}

/** A bridge whose lines a test writes and reads itself. */
export interface RawBridge {
  readonly process: ChildProcessWithoutNullStreams
  /** Every line of standard output so far. */
  readonly lines: readonly string[]
  /** Writes a message. */
  say(message: unknown): void
  /** Writes a line as it is. */
  write(line: string): void
  /** The first message that fits, also one that comes later. */
  heard(fits: (message: Message) => boolean): Promise<Message>
  /** Resolves with the next line. */
  line(): Promise<void>
  /** Resolves once standard error has something that fits. */
  told(pattern: RegExp): Promise<void>
  stderr(): string
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
  /** Closes standard input and waits for the end. */
  close(): Promise<number | null>
}

/** A message of JSON-RPC. */
export interface Message {
  readonly id?: string | number | null
  readonly method?: string
  readonly params?: { readonly [name: string]: unknown }
  readonly result?: { readonly [name: string]: unknown }
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** Starts a bridge on its own. */
export function rawBridge(t: Ending, bridge: BridgeArguments): RawBridge {
  const env = { ...process.env, ...bridge.env }
  const child = spawn(process.execPath, argumentsOf(bridge), { cwd: bridge.cwd, env, stdio: 'pipe' })
  t.after(() => child.kill('SIGKILL'))
  // It may have ended before we say something.
  child.stdin.on('error', () => undefined)
  const ended = once(child, 'close').then(() => child.exitCode)
  const lines: string[] = []
  const messages: Message[] = []
  let errors = ''
  const looks = new Set<() => void>()
  const lookAll = () => {
    for (const look of looks) look()
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    messages.push(...([JSON.parse(line)].flat() as Message[]))
    lookAll()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
    lookAll()
  })
  const until = async <T>(found: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const look = () => {
        const result = found()
        if (result === undefined) return
        looks.delete(look)
        resolve(result)
      }
      looks.add(look)
      look()
    })
  return {
    process: child,
    lines,
    say: (message) => child.stdin.write(`${JSON.stringify(message)}\n`),
    write: (line) => child.stdin.write(`${line}\n`),
    heard: async (fits) => until(() => messages.find((message) => fits(message))),
    async line() {
      const before = lines.length
      await until(() => (lines.length > before ? true : undefined))
    },
    told: async (pattern) => {
      await until(() => (pattern.test(errors) ? true : undefined))
    },
    stderr: () => errors,
    ended,
    async close() {
      child.stdin.end()
      return ended
    },
  }
}

function argumentsOf({ url, dir, as, session }: BridgeArguments): string[] {
  return [
    LAUNCHER,
    'connect',
    url,
    ...(dir === undefined ? [] : ['--dir', dir]),
    ...(as === undefined ? [] : ['--as', as]),
    ...(session === undefined ? [] : ['--session']),
  ]
}

/** The SDKs hand on a few variables only, unless they are told all of them. */
function inherited(): Record<string, string> {
  const set = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  )
  return Object.fromEntries(set) as Record<string, string>
}
