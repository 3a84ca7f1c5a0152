import type {
  GetPromptResult,
  InputRequiredResult,
  ProtocolError,
  Server,
} from '@modelcontextprotocol/server'
import { deepFreeze } from './freeze.ts'
import type { Work } from './asked.ts'
import { forbidden, internalError, invalidParams } from './guard-errors.ts'
import { askedOf, callerOf, done, thrown, askableCall } from './guarded-call.ts'
import { nextOf, pageOf } from './page.ts'
import type { PromptDefinition } from './prompt.ts'
import type { Serving } from './serving.ts'
import type { Call } from './tool.ts'

/** Answers `prompts/list` and `prompts/get`. */
export function servePrompts(server: Server, serving: Serving): void {
  const { catalog, visible } = serving
  server.setRequestHandler('prompts/list', ({ params }, context) => {
    const page = pageOf(visible.prompts(callerOf(serving, context)), ({ name }) => name, params?.cursor)
    return { prompts: page.entries, ...nextOf(page) }
  })
  server.setRequestHandler('prompts/get', async ({ params }, context) => {
    const prompt = catalog.current().prompt(params.name)
    const args = deepFreeze(params.arguments ?? {})
    return askableCall<GetPromptResult>(serving, context, {
      asked: askedOf('prompt', 'prompts/get', params.name, prompt),
      args,
      unknown: () => unknownPrompt(params.name),
      failed: internalError,
      told: forbidden,
      undeliverable: thrown,
      run: async (call) => (prompt === undefined ? undefined : getPrompt(prompt, args, call)),
    })
  })
}

/** The answer for a prompt that does not exist. */
export function unknownPrompt(name: string): ProtocolError {
  return invalidParams(`Unknown prompt: ${name}`)
}

async function getPrompt(
  prompt: PromptDefinition,
  args: Readonly<Record<string, string>>,
  call: Call,
): Promise<Work<GetPromptResult | InputRequiredResult | ProtocolError> | undefined> {
  const missing = prompt.arguments.find(
    ({ name, required }) => required === true && !Object.hasOwn(args, name),
  )
  if (missing !== undefined) {
    const value = invalidParams(`The prompt ${prompt.name} needs the argument ${missing.name}`)
    return { outcome: 'invalid_arguments', value }
  }
  return done(await prompt.get(args, call))
}
