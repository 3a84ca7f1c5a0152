import type {
  CompleteRequestParams,
  CompleteResult,
  ProtocolError,
  Server,
} from '@modelcontextprotocol/server'
import { UNKNOWN } from '../access/decision.ts'
import type { Asked } from './asked.ts'
import { complete, completableFamily, completablePrompt, type Completable } from './complete.ts'
import { internalError } from './guard-errors.ts'
import { askedOf, callerOf, done, guardedCall } from './guarded-call.ts'
import { unknownPrompt } from './serve-prompts.ts'
import { unknownResource } from './serve-resources.ts'
import type { Serving } from './serving.ts'

/** Answers `completion/complete`: who may not see a thing gets the answer for one that does not exist. */
export function serveCompletion(server: Server, serving: Serving): void {
  server.setRequestHandler('completion/complete', async ({ params }, context) => {
    const { completable, asked, unknown } = lookedUp(serving, params.ref)
    const caller = callerOf(serving, context)
    return guardedCall<CompleteResult>(serving, context, {
      asked,
      args: UNKNOWN,
      unknown,
      failed: internalError,
      run: async (call) =>
        completable && done(await complete(serving.guard, caller, call, completable, params)),
    })
  })
}

interface LookedUp {
  readonly completable: Completable | undefined
  readonly asked: Asked
  readonly unknown: () => ProtocolError
}

function lookedUp(serving: Serving, ref: CompleteRequestParams['ref']): LookedUp {
  const catalog = serving.catalog.current()
  if (ref.type === 'ref/prompt') {
    const prompt = catalog.prompt(ref.name)
    const completable = prompt && completablePrompt(prompt)
    const asked =
      completable?.whole.completing ?? askedOf('prompt', 'completion/complete', ref.name, undefined)
    return { completable, asked, unknown: () => unknownPrompt(ref.name) }
  }
  const family = catalog.resources.find(({ uriTemplate }) => uriTemplate === ref.uri)
  const completable = family && completableFamily(family, catalog)
  const asked =
    completable?.whole.completing ?? askedOf('resource', 'completion/complete', ref.uri, undefined)
  return { completable, asked, unknown: () => unknownResource(ref.uri) }
}
