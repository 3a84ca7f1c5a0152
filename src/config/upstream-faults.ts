import type { Contradiction } from './contradiction.ts'
import { readPieces, type TextPiece } from './text-with-gaps.ts'
import type { UpstreamSettings } from './upstream-settings.ts'

/** What does not go together in the section `upstreams`. No text of it is in a sentence but for names. */
export function upstreamFaults(upstreams: Readonly<Record<string, UpstreamSettings>>): Contradiction[] {
  const entries = Object.entries(upstreams)
  const bare = entries.filter(([, { prefix, disabled }]) => !prefix && !disabled).map(([name]) => name)
  return [
    ...entries.flatMap(([name, upstream]) =>
      [...kindFaults(upstream), ...gapFaults(upstream), ...sharingFaults(upstream)].map(
        ({ path, sentence }) => ({
          path: ['upstreams', name, ...path],
          sentence,
        }),
      ),
    ),
    ...sharedUserFaults(entries),
    ...bare.slice(1).map((name) => ({
      path: ['upstreams', name, 'prefix'],
      sentence: `is false of "${bare[0] ?? ''}" already: only one upstream may keep its own names`,
    })),
  ]
}

/** Processes of one user read each other's environments, where the secrets are, and files. */
function sharedUserFaults(entries: readonly (readonly [string, UpstreamSettings])[]): Contradiction[] {
  const users = new Map<string, string>()
  return entries.flatMap(([name, { user, disabled }]) => {
    if (user === undefined || disabled) return []
    const other = users.get(user)
    users.set(user, other ?? name)
    if (other === undefined) return []
    const sentence = `is the user of "${other}" already, whose secrets and files it could read: name another one`
    return [{ path: ['upstreams', name, 'user'], sentence }]
  })
}

const OF_PROCESSES = [
  'args',
  'env',
  'cwd',
  'trusted',
  'user',
  'sandbox',
  'container',
] as const satisfies (keyof UpstreamSettings)[]
const OF_HTTP = ['headers', 'tls'] as const satisfies (keyof UpstreamSettings)[]

function kindFaults(upstream: UpstreamSettings): Contradiction[] {
  const { command, url, type } = upstream
  if ((command === undefined) === (url === undefined))
    return [fault([], `must have ${command === undefined ? '' : 'only '}one of command and url`)]
  const isHttp = url !== undefined
  const kind = isHttp ? 'url' : 'command'
  return [
    ...(type === undefined || (type === 'stdio') !== isHttp
      ? []
      : [fault(['type'], `is "${type}", which does not go with ${kind}: leave it out`)]),
    ...(isHttp ? OF_PROCESSES : OF_HTTP).flatMap((key) =>
      upstream[key] === undefined ? [] : [fault([key], `does not go with ${kind}: leave one of them out`)],
    ),
    ...(isHttp ? httpFaults(upstream, url) : isolationFaults(upstream)),
  ]
}

function httpFaults({ tls, unsafePlainHttp }: UpstreamSettings, text: string): Contradiction[] {
  return [
    ...((tls?.cert === undefined) === (tls?.key === undefined)
      ? []
      : [fault(['tls'], 'must have both cert and key, or neither')]),
    // One that a variable is part of is looked at when that is filled in.
    ...(text.includes('${') ? [] : urlFaults(text, unsafePlainHttp, tls !== undefined)),
  ].map((one) => (typeof one === 'string' ? fault(['url'], one) : one))
}

/** What is wrong with the URL of an upstream, as ends of a sentence; without the URL, which may have a secret in it. */
export function urlFaults(text: string, unsafePlainHttp: boolean, hasTls: boolean): string[] {
  const url = URL.parse(text)
  if (url === null || !['https:', 'http:'].includes(url.protocol))
    return ['must be an https URL, as in "https://wiki.internal/mcp"']
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    return ['must have neither user nor fragment: what proves who we are goes into headers']
  if (url.protocol === 'https:') return []
  return [
    ...(hasTls ? ['begins with "http:" beside tls: begin it with "https:"'] : []),
    ...(unsafePlainHttp || isLoopback(url.hostname)
      ? []
      : [
          'is plain http to another machine, where everybody in between reads along: begin it with "https:", or set unsafePlainHttp to true',
        ]),
  ]
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.[0-9]{1,3}){3}$/.test(host)
}

function isolationFaults({ trusted, user, sandbox, container }: UpstreamSettings): Contradiction[] {
  const said = Object.entries({ trusted, user, sandbox, container }).filter(
    ([, value]) => value !== undefined,
  )
  const [first, second] = said.map(([key]) => key)
  if (second === undefined) return []
  return [fault([second], `does not go with ${first ?? ''}: leave one of them out`)]
}

/** Which gaps a text may have. What is on a command line, every process of the machine can read. */
const GAPS: readonly (readonly [key: keyof UpstreamSettings, kinds: readonly TextPiece['kind'][]])[] = [
  ['command', ['variable']],
  ['args', ['variable']],
  ['cwd', ['variable']],
  ['url', ['variable']],
  ['env', ['variable', 'file', 'user']],
  ['headers', ['variable', 'file', 'user']],
]

function gapFaults(upstream: UpstreamSettings): Contradiction[] {
  return GAPS.flatMap(([key, kinds]) =>
    textsOf(upstream[key]).flatMap(([path, text]) => {
      const read = readPieces(text)
      if (read.kind === 'fault') return [fault([key, ...path], read.sentence)]
      const wrong = read.pieces.find(({ kind }) => kind !== 'text' && !kinds.includes(kind))
      return wrong === undefined
        ? []
        : [
            fault(
              [key, ...path],
              `has a gap "\${${wrong.kind}:…}", which only env and headers may have: put it there`,
            ),
          ]
    }),
  )
}

/** What is of one user cannot be on a connection of all. */
function sharingFaults({ connection, env = {}, headers = {} }: UpstreamSettings): Contradiction[] {
  const isOfUsers = [...Object.values(env), ...Object.values(headers)].some((text) => {
    const read = readPieces(text)
    return read.kind === 'pieces' && read.pieces.some(({ kind }) => kind === 'user')
  })
  if (connection !== 'shared' || !isOfUsers) return []
  return [fault(['connection'], 'is "shared" beside a secret of each user: leave one of them out')]
}

function textsOf(
  value: UpstreamSettings[keyof UpstreamSettings],
): (readonly [(string | number)[], string])[] {
  if (typeof value === 'string') return [[[], value]]
  if (typeof value !== 'object') return []
  const entries: (readonly [string | number, unknown])[] = isList(value)
    ? value.map((one, index) => [index, one])
    : Object.entries(value)
  return entries.flatMap(([key, text]) => (typeof text === 'string' ? [[[key], text] as const] : []))
}

function isList(value: object): value is readonly unknown[] {
  return Array.isArray(value)
}

function fault(path: readonly (string | number)[], sentence: string): Contradiction {
  return { path, sentence }
}
