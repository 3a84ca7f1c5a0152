import { ProtocolError, type GetPromptResult } from '@modelcontextprotocol/server'
import { definePrompt, type PromptDefinition } from '../prompt.ts'
import type { Definition } from './definition.ts'
import { relayCall } from './relay-call.ts'
import { relayCompletion } from './relay-completion.ts'
import type { RelayLink } from './relay-link.ts'
import { argumentsIn, iconsIn, textIn } from './relay-members.ts'
import { promptResultOf } from './relay-result.ts'
import type { OwnName } from './relay-tool.ts'
import { withUrisOfPrompt } from './upstream-uri.ts'

const INTERNAL_ERROR = -32_603

/** The error of a call that has no result to say it in. */
export function failedCall(words: string): ProtocolError {
  return new ProtocolError(INTERNAL_ERROR, words)
}

/** A prompt of an upstream. @returns `undefined` for what is no definition of a prompt */
export function relayPrompt(
  link: RelayLink,
  { name: own, value }: Definition,
  { name, permission }: OwnName,
): PromptDefinition | undefined {
  const parameters = argumentsIn(value)
  if (parameters === undefined) return undefined
  const override = link.options.overrides[own]
  const title = override?.title ?? textIn(value['title'])
  const icons = iconsIn(value)
  return definePrompt({
    name,
    ...(title === undefined ? {} : { title }),
    description: override?.description ?? textIn(value['description']) ?? '',
    arguments: parameters,
    ...(icons.length === 0 ? {} : { icons }),
    permission,
    upstream: link.options.name,
    complete: async (argument, begun, call, known) =>
      relayCompletion(link, call, { type: 'ref/prompt', name: own }, { argument, begun, known }),
    get: async (args, call) =>
      relayCall<GetPromptResult>(link, call, {
        method: 'prompts/get',
        name: own,
        params: { name: own, arguments: args },
        repeatable: true,
        resultOf: (result) => promptResultOf(withUrisOfPrompt(result, link.uris)),
        failed: failedCall,
      }),
  })
}
