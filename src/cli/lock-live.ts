import type { Era } from '../mcp/methods.ts'
import type { Connect, UpstreamConnection } from '../mcp/upstreams/connection.ts'
import type { Definition, Quarantined } from '../mcp/upstreams/definition.ts'
import { isWanted } from '../mcp/upstreams/judge-definitions.ts'
import { listDefinitions } from '../mcp/upstreams/list-definitions.ts'
import { listingCapabilities } from '../mcp/upstreams/listing-capabilities.ts'
import { namesOf } from '../mcp/upstreams/names.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import { wantedSecrets } from '../mcp/upstreams/wanted-secrets.ts'
import { fetchesWithoutNetwork } from './fetches-without-network.ts'

/** As many lines of what a process wrote are told. */
const MOST_SAID = 3

/** How a command reaches upstreams. */
export interface LockPorts {
  readonly connect: Connect
  /** Asks whoever sits there for a secret that the upstream wants of each user; `undefined` where nobody does. */
  readonly secret: (upstream: string, name: string) => Promise<string | undefined>
}

/** What an upstream offers now, as far as the operator wants it and it can be approved. */
export interface Live {
  readonly kind: 'live'
  readonly upstream: string
  readonly era: Era
  readonly definitions: readonly Definition[]
  /** What can never be approved: malformed, or of a name that is none here. */
  readonly quarantined: readonly Quarantined[]
}

/** Why nobody knows what an upstream offers, for the operator. */
export interface Unreachable {
  readonly kind: 'unreachable'
  readonly upstream: string
  readonly why: string
}

/** Asks upstreams what they offer, at the same time; one that cannot say holds up no other. Never rejects. */
export async function askUpstreams(
  options: readonly UpstreamOptions[],
  ports: LockPorts,
): Promise<readonly (Live | Unreachable)[]> {
  const asked: Promise<Live | Unreachable>[] = []
  for (const one of options) {
    // Whoever types can type one thing after the other only.
    const secrets = await secretsFor(one, ports)
    asked.push(
      typeof secrets === 'string' ? Promise.resolve(unreachable(one, secrets)) : ask(one, secrets, ports),
    )
  }
  return Promise.all(asked)
}

/** The secrets by name, or why they are not there. */
async function secretsFor(
  options: UpstreamOptions,
  { secret }: LockPorts,
): Promise<Readonly<Record<string, string>> | string> {
  const secrets: [string, string][] = []
  for (const name of wantedSecrets(options).names) {
    const value = await secret(options.name, name)
    if (value === undefined || value === '')
      return `it wants the secret "${name}" of each user: run this on a terminal, and type one that it takes, or add "--secret-file ${options.name}/${name}=PATH"`
    secrets.push([name, value])
  }
  return Object.fromEntries(secrets)
}

async function ask(
  options: UpstreamOptions,
  secrets: Readonly<Record<string, string>>,
  { connect }: LockPorts,
): Promise<Live | Unreachable> {
  const said: string[] = []
  try {
    const dial = {
      secrets,
      clientCapabilities: listingCapabilities(options),
      signal: AbortSignal.timeout(options.limits.connectTimeout),
    }
    const connected = await connect(options, dial, {
      onListChanged: () => undefined,
      onLine: (line) => said.push(line),
    })
    if (connected.kind === 'failed') return unreachable(options, reasonOf(connected.why, said, options))
    return await listed(options, connected.connection)
  } catch (cause) {
    return unreachable(options, cause instanceof Error ? cause.message : String(cause))
  }
}

/** With what a process wrote first, in which the cause is said more often than anywhere else. */
function reasonOf(why: string, said: readonly string[], options: UpstreamOptions): string {
  // What is indented, or a bracket, is of a stack: what it is about stands before.
  const first = [...new Set(said)].filter((line) => /^\S.{2}/.test(line)).slice(0, MOST_SAID)
  const fetches = fetchesWithoutNetwork(options) ? ['it fetches packages, and has no network'] : []
  return [why, ...fetches, ...(first.length === 0 ? [] : [`it wrote: ${first.join(' | ')}`])].join('; ')
}

async function listed(options: UpstreamOptions, connection: UpstreamConnection): Promise<Live | Unreachable> {
  try {
    const listing = await listDefinitions(connection, options.limits)
    if (listing.kind === 'failed') return unreachable(options, listing.why)
    const names = namesOf(options)
    const wanted = listing.definitions.filter((one) => isWanted(one, names))
    const isBad = ({ kind, name }: Definition): boolean =>
      kind !== 'instructions' && names.of(kind, name).kind === 'bad_name'
    return {
      kind: 'live',
      upstream: options.name,
      era: connection.era,
      definitions: wanted.filter((one) => !isBad(one)),
      quarantined: [
        ...listing.quarantined.filter((one) => isWanted(one, names)),
        ...wanted.filter(isBad).map(({ kind, name }) => ({ kind, name, reason: 'bad_name' as const })),
      ],
    }
  } finally {
    await connection.close()
  }
}

function unreachable({ name }: UpstreamOptions, why: string): Unreachable {
  return { kind: 'unreachable', upstream: name, why }
}
