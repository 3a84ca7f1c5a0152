import {
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type ClientCapabilities,
} from '@modelcontextprotocol/server'
import type { ClientRequest } from './calling-client.ts'
import type { Era } from './methods.ts'
import { isRecord, memberOf } from './record.ts'

/** Something that is asked of a client; its parameters are not believed to be well-formed. */
export interface AskedOfClient {
  readonly method: ClientRequest['method']
  readonly params?: unknown
}

/** Whether a method is one that is asked of clients. */
export function isClientMethod(method: string): method is ClientRequest['method'] {
  return CLIENT_METHODS.has(method)
}

const CLIENT_METHODS: ReadonlySet<string> = new Set<ClientRequest['method']>([
  'elicitation/create',
  'sampling/createMessage',
  'roots/list',
])

/**
 * What a client has to have declared to be asked this, and has not: in the shape of capabilities, as an error -32021
 * names them; `undefined` where nothing is missing. `elicitation: {}` is a form, as before there were modes (MCP
 * 2025-11-25, elicitation).
 */
export function missingCapabilities(
  request: AskedOfClient,
  declared: ClientCapabilities | undefined,
): ClientCapabilities | undefined {
  switch (request.method) {
    case 'elicitation/create':
      return missingElicitation(memberOf(request.params, 'mode') === 'url' ? 'url' : 'form', declared)
    case 'sampling/createMessage':
      return missingSampling(request.params, declared)
    case 'roots/list':
      return declared?.roots === undefined ? { roots: {} } : undefined
  }
}

/** Tells a client what it cannot do and would have to (MCP 2026-07-28, -32021, which earlier revisions do not have). */
export function missingError(required: ClientCapabilities, era: Era): ProtocolError {
  const text = `This needs a client that can do ${namesOf(required)}`
  return era === '2026-07-28'
    ? new MissingRequiredClientCapabilityError({ requiredCapabilities: required }, text)
    : new ProtocolError(ProtocolErrorCode.InternalError, text)
}

function namesOf({ elicitation, ...others }: ClientCapabilities): string {
  const modes = Object.keys(elicitation ?? {}).map((mode) => `elicitation (${mode})`)
  return [...modes, ...Object.keys(others)].join(', ')
}

function missingElicitation(
  mode: 'url' | 'form',
  declared: ClientCapabilities | undefined,
): ClientCapabilities | undefined {
  const modes: unknown = declared?.elicitation
  const isBare = isRecord(modes) && modes['form'] === undefined && modes['url'] === undefined
  const has = memberOf(modes, mode) !== undefined || (isBare && mode === 'form')
  return has ? undefined : { elicitation: { [mode]: {} } }
}

function missingSampling(
  params: unknown,
  declared: ClientCapabilities | undefined,
): ClientCapabilities | undefined {
  const needsTools = memberOf(params, 'tools') !== undefined || memberOf(params, 'toolChoice') !== undefined
  if (declared?.sampling === undefined) return { sampling: needsTools ? { tools: {} } : {} }
  return needsTools && declared.sampling.tools === undefined ? { sampling: { tools: {} } } : undefined
}
