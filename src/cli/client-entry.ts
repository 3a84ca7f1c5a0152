import { isRecord } from '../wire/message.ts'
import type { ClientApplication } from './client-applications.ts'

/** What a client is to start. */
export interface BridgeCommand {
  /** Absolute path of Node. */
  readonly node: string
  /** Absolute path of `launch.js`. */
  readonly launcher: string
  readonly url: string
  /** Which identity, so that the working directory does not matter. */
  readonly identity:
    | { readonly kind: 'installation'; readonly as: string; readonly configuration: string }
    | { readonly kind: 'folder'; readonly dir: string }
}

/** The name of our entry among a client's servers. */
export const ENTRY_NAME = 'sallyport'

/** Our entry for a client. Programs with windows have no shell's PATH and any working directory, so every path is absolute. */
export function entryFor(
  { isTyped }: ClientApplication,
  command: BridgeCommand,
): Readonly<Record<string, unknown>> {
  const { node, launcher, url, identity } = command
  const isInstalled = identity.kind === 'installation'
  return {
    ...(isTyped ? { type: 'stdio' } : {}),
    command: node,
    args: [launcher, 'connect', url, ...(isInstalled ? ['--as', identity.as] : ['--dir', identity.dir])],
    ...(isInstalled ? { env: { SALLYPORT_CONFIG: identity.configuration } } : {}),
  }
}

/** Whether an entry was made by us, for whichever server and identity. */
export function isOurs(entry: unknown): boolean {
  const args: unknown = isRecord(entry) ? entry['args'] : undefined
  if (!Array.isArray(args)) return false
  const [launcher, verb] = args as readonly unknown[]
  return typeof launcher === 'string' && /[\\/]launch\.js$/.test(launcher) && verb === 'connect'
}
